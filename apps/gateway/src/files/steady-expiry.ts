/** Shares of its life after which a URL of the same bytes is another one. */
const STEPS = 4;

/**
 * The end of a URL that is to stay the same for a while, so that browsers find it in their cache.
 *
 * @param now seconds since the Unix epoch
 * @param ttl seconds that it has to live at least; it lives up to a quarter longer
 */
export function steadyExpiry(now: number, ttl: number): number {
  const step = Math.max(1, Math.floor(ttl / STEPS));
  return Math.ceil((now + ttl) / step) * step;
}
