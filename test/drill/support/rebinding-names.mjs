/**
 * Preloaded into apps by the drill of addresses (`node --import`): every name below `.rebinding.test` resolves to an allowed
 * address at the first look-up and to a forbidden one at the next, in turn, as a name server of an attacker would answer.
 */
import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

// In the address of this module, because apps get no variables but their own.
const { searchParams } = new URL(import.meta.url);
const [ALLOWED, FORBIDDEN] = [searchParams.get('allowed'), searchParams.get('forbidden')];
const lookUps = new Map();
const original = dns.lookup;

function rebinding(hostname, options, callback) {
  if (!hostname.endsWith('.rebinding.test')) return original.call(dns, hostname, options, callback);
  const times = lookUps.get(hostname) ?? 0;
  lookUps.set(hostname, times + 1);
  const address = times % 2 === 0 ? ALLOWED : FORBIDDEN;
  const done = typeof options === 'function' ? options : callback;
  process.nextTick(() => (options?.all ? done(null, [{ address, family: 4 }]) : done(null, address, 4)));
}

dns.lookup = rebinding;
syncBuiltinESMExports();
