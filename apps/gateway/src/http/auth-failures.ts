import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '@pentaprism/domain';
import { LRUCache } from 'lru-cache';
import { isIPv6 } from 'node:net';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';

/** Milliseconds of a window. */
const WINDOW_MS = 10_000;
/** Milliseconds for which a key that was good passes while its address is limited. */
export const GOOD_MS = 10 * 60 * 1000;
/** Counters and keys that are kept, some 200 bytes each. With more of them, the oldest of the same kind are dropped. */
const ENTRIES = 20_000;
/** Characters of an address or a key id that tell it apart. */
const SIGNIFICANT = 40;
/** Groups of an IPv6 address that a network is given: an attacker has all addresses below it. */
const NETWORK_GROUPS = 4;

interface Caller {
  readonly address: string;
  /** The id part of the key that was sent; empty for a bare secret. */
  readonly keyId: string;
  /** A hash of everything that was sent as a key. */
  readonly hash: string;
}

/**
 * Failed authentications. They are counted for each address and key id, so that wrong keys do not lock out other keys of
 * the same address, such as those behind the same proxy. A limit for the whole address bounds the work that is caused by
 * changing the id. Keys that were good lately pass both. Each gateway counts for itself.
 */
@Injectable()
export class AuthFailures {
  private readonly byKeyId = new LRUCache<string, { failures: number }>({ max: ENTRIES, ttl: WINDOW_MS });
  private readonly byAddress = new LRUCache<string, { failures: number }>({ max: ENTRIES, ttl: WINDOW_MS });
  private readonly good = new LRUCache<string, true>({ max: ENTRIES, ttl: GOOD_MS });

  constructor(
    @Inject(GATEWAY_CONFIG)
    private readonly config: Pick<GatewayConfig, 'AUTH_FAILURE_LIMIT' | 'AUTH_FAILURE_ADDRESS_LIMIT'>,
  ) {}

  /** @throws DomainError RATE_LIMITED with `retryAfter` in seconds */
  check(caller: Caller): void {
    if (this.good.has(caller.hash)) return;
    for (const { counters, key, limit } of this.countersOf(caller)) {
      if ((counters.get(key)?.failures ?? 0) < limit) continue;
      const retryAfter = Math.max(1, Math.ceil(counters.getRemainingTTL(key) / 1000));
      throw new DomainError('RATE_LIMITED', 'Too many wrong keys came from this address.', { retryAfter });
    }
  }

  count(caller: Caller): void {
    this.good.delete(caller.hash);
    for (const { counters, key } of this.countersOf(caller)) {
      const counter = counters.get(key);
      // The window begins with its first failure.
      if (counter) counter.failures++;
      else counters.set(key, { failures: 1 });
    }
  }

  /** Remembers that a key is good. */
  remember({ hash }: Caller): void {
    this.good.set(hash, true);
  }

  private countersOf({ address, keyId }: Caller) {
    const network = networkOf(address).slice(0, SIGNIFICANT);
    return [
      {
        counters: this.byKeyId,
        key: `${network} ${keyId.slice(0, SIGNIFICANT)}`,
        limit: this.config.AUTH_FAILURE_LIMIT,
      },
      { counters: this.byAddress, key: network, limit: this.config.AUTH_FAILURE_ADDRESS_LIMIT },
    ];
  }
}

/** An IPv4 address, or the /64 network of an IPv6 address. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !isIPv6(address)) return mapped ?? address;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').toLowerCase().split('::');
  const [first, last] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const missing = tail === undefined ? 0 : 8 - (first?.length ?? 0) - (last?.length ?? 0);
  const groups = [...(first ?? []), ...Array<string>(Math.max(0, missing)).fill('0'), ...(last ?? [])];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}
