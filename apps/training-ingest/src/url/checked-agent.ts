import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector } from 'undici';
import type { AddressPolicy } from './address-policy.js';

/** All addresses of a name, at one moment. */
export type LookUp = (hostname: string) => Promise<readonly LookupAddress[]>;

export interface CheckedAgentOptions {
  readonly policy: AddressPolicy;
  readonly lookUp?: LookUp | undefined;
  /** Milliseconds to a connection, with TLS. */
  readonly connectMs: number;
  /** Milliseconds that the other side may be silent. */
  readonly silenceMs: number;
  /** PEM of authorities to trust instead of the usual ones. */
  readonly ca?: string | undefined;
}

/** Bytes of all headers of an answer. */
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * An agent that connects to allowed addresses only. A name is looked up once for a connection, which then goes to what
 * was checked: a second look-up might be told something else. A connection carries one request.
 */
export function createCheckedAgent(options: CheckedAgentOptions): Agent {
  const { policy, lookUp = lookUpAll, connectMs, silenceMs, ca } = options;
  const connect = buildConnector({
    timeout: connectMs,
    allowH2: false,
    maxCachedSessions: 0,
    autoSelectFamily: true,
    lookup: checkedLookUp(policy, lookUp),
    ...(ca === undefined ? {} : { ca }),
  });
  return new Agent({
    pipelining: 0,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    connect: (target, callback) => {
      // A literal address needs no look-up.
      if (isIP(target.hostname) !== 0 && !policy.allows(target.hostname)) return callback(notAllowed(), null);
      connect(target, (error, socket) => {
        if (error !== null) return callback(error, null);
        if (policy.allows(socket.remoteAddress ?? '')) return callback(null, socket);
        socket.destroy();
        callback(notAllowed(), null);
      });
    },
  });
}

function checkedLookUp(policy: AddressPolicy, lookUp: LookUp): LookupFunction {
  return (hostname, options, callback) => {
    lookUp(hostname).then(
      (found) => {
        const allowed = found.filter(({ address }) => policy.allows(address));
        const [first] = allowed;
        if (first === undefined) callback(notAllowed(), '', 0);
        else if (options.all) callback(null, allowed);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, '', 0),
    );
  };
}

/** Asks the system for all addresses of a name. */
export function lookUpAll(hostname: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, addresses) => (error === null ? resolve(addresses) : reject(error)));
  });
}

function notAllowed(): Error {
  return new Error('No address that may be connected to.');
}
