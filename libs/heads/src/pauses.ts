import { setImmediate } from 'node:timers/promises';

/** Between looks at the event loop: other work of the process waits at most so long, and one step more. */
const SLICE_MS = 15;

/** To be awaited between steps of long work. @throws the reason of a signal that was aborted */
export type Pause = () => Promise<void>;

/** Lets other work of the process go first, every few milliseconds. */
export function pauses(signal?: AbortSignal): Pause {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < SLICE_MS) return;
    await setImmediate();
    signal?.throwIfAborted();
    began = performance.now();
  };
}
