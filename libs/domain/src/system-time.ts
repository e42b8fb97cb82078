/**
 * The system time: MongoDB's, whatever the clock of this machine says. Times that are stored or compared with stored ones
 * are taken from here, because another process reads them: heartbeats, leases, back-offs, grace times, expiries.
 *
 * A clock that is right to a second is used as it is: nothing that is compared needs more.
 */
const TOLERANCE_MS = 1000;

/** Milliseconds to add to the clock of this process. */
let correction = 0;

/** Returns milliseconds since 1970. */
export function systemNow(): number {
  return Date.now() + correction;
}

export function systemDate(): Date {
  return new Date(systemNow());
}

/**
 * Corrects the clock of this process by an answer that states the system time.
 *
 * @param time milliseconds since 1970, read after the question was sent and before now
 * @param tookMs milliseconds since the question was sent
 * @returns the correction in milliseconds. It stays as it is if the answer agrees with it as closely as its delay lets tell
 */
export function adoptSystemTime(time: number, tookMs: number): number {
  // The difference of the clocks is between these two.
  const least = time - Date.now();
  const most = least + tookMs;
  const isPossible = (difference: number) => least - TOLERANCE_MS <= difference && difference <= most + TOLERANCE_MS;
  // A slow answer explains many differences: the one that is known is no worse than a guess.
  if (!isPossible(correction)) correction = isPossible(0) ? 0 : Math.round((least + most) / 2);
  return correction;
}
