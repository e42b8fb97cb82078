import { setTimeout as sleep } from 'node:timers/promises';

/** Places in the shared array. */
const IN_CALL = 0;
const ENDING = 1;
const PLACES = 2;
/** Milliseconds between two looks at a call that is still under way. */
const POLL_MS = 2;

/**
 * The state of a thread's calls of native code, shared with the thread that started it.
 *
 * Native code that is entered by a thread that is ended during the call throws an exception that ends the whole process, as usearch
 * does. So a thread announces its calls, and is ended only outside of them.
 */
export type NativeCalls = Int32Array;

export function createNativeCalls(): NativeCalls {
  return new Int32Array(new SharedArrayBuffer(PLACES * Int32Array.BYTES_PER_ELEMENT));
}

/** Announces a native call of this thread until `leaveNativeCall`. Does not return if the thread is about to be ended. */
export function enterNativeCall(calls: NativeCalls): void {
  Atomics.store(calls, IN_CALL, 1);
  if (Atomics.load(calls, ENDING) === 0) return;
  Atomics.store(calls, IN_CALL, 0);
  Atomics.wait(calls, IN_CALL, 0);
}

export function leaveNativeCall(calls: NativeCalls): void {
  Atomics.store(calls, IN_CALL, 0);
}

/**
 * Waits for the end of the call that a thread is in, and keeps the thread from entering another one.
 *
 * @param hasExited whether the thread has exited, in a call perhaps
 */
export async function endNativeCalls(calls: NativeCalls, hasExited: () => boolean): Promise<void> {
  Atomics.store(calls, ENDING, 1);
  while (Atomics.load(calls, IN_CALL) === 1 && !hasExited()) await sleep(POLL_MS);
}
