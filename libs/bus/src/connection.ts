import { inboxPrefix } from '@pentaprism/contracts';
import type { Logger } from '@pentaprism/observability';
import {
  connect,
  PermissionViolationError,
  usernamePasswordAuthenticator,
  type ConnectionOptions,
  type NatsConnection,
} from '@nats-io/transport-node';
import { Refusals } from './refusals.js';

export interface BusConnection {
  readonly nats: NatsConnection;
  /** Before every subject, stream and consumer name: sets installations (and test suites) on one NATS apart. */
  readonly prefix: string;
  /** The app, as which it is a user of NATS. */
  readonly user: string;
  /** Resolves as soon as there is no connection to a server, at once if there is none now. */
  lost(): Promise<void>;
  /** What NATS does not let this app do. */
  readonly refusals: Refusals;
}

export interface BusOptions {
  /** One or more server URLs, separated by commas; the first one may hold a user and a password for all. */
  readonly url: string;
  readonly prefix: string;
  /** The app, as operators see it in the server's list of connections; its replies come to `_INBOX.<name>`. */
  readonly name: string;
  readonly logger: Logger;
}

/** Milliseconds between attempts to reach NATS again. A bus that gave up would need a restart by hand. */
const RECONNECT_WAIT_MS = 250;

/** Connects, waiting for ever for a server that is not there yet, and stays connected across its restarts. */
export async function connectBus(options: BusOptions): Promise<BusConnection> {
  const nats = await connect({
    ...addressesIn(options.url),
    inboxPrefix: inboxPrefix(options.name),
    name: options.name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_WAIT_MS,
    waitOnFirstConnect: true,
    // Two stack traces for each request, captured in case it fails, were a third of its cost.
    noAsyncTraces: true,
    pingInterval: 10_000,
  });
  const presence = new Presence();
  const refusals = new Refusals();
  void followStatus(nats, { presence, refusals, logger: options.logger });
  return { nats, prefix: options.prefix, user: options.name, lost: () => presence.lost(), refusals };
}

/** The servers of `NATS_URL`, and the user: the client reads no user from URLs, and logs them as they are. */
export function addressesIn(urls: string): Pick<ConnectionOptions, 'servers' | 'authenticator'> {
  const parsed = urls.split(',').map((url) => new URL(url.trim()));
  const { username = '', password = '' } = parsed[0] ?? {};
  const user = username && usernamePasswordAuthenticator(decodeURIComponent(username), decodeURIComponent(password));
  return {
    servers: parsed.map(({ protocol, host }) => `${protocol}//${host}`),
    ...(user ? { authenticator: user } : {}),
  };
}

/** Whether there is a connection. The client retries for ever, and what waits for a server would wait as long. */
class Presence {
  private connected = true;
  private readonly waiting: (() => void)[] = [];

  set(connected: boolean): void {
    this.connected = connected;
    if (!connected) for (const resolve of this.waiting.splice(0)) resolve();
  }

  async lost(): Promise<void> {
    if (this.connected) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }
}

async function followStatus(
  nats: NatsConnection,
  { presence, refusals, logger }: { presence: Presence; refusals: Refusals; logger: Logger },
): Promise<void> {
  for await (const status of nats.status()) {
    if (status.type === 'disconnect' || status.type === 'reconnect') {
      presence.set(status.type === 'reconnect');
      logger.warn({ server: status.server }, `bus: ${status.type}`);
    } else if (status.type === 'error') {
      logger.error({ err: status.error }, 'bus: error');
      if (status.error instanceof PermissionViolationError) refusals.report(status.error);
    }
  }
}
