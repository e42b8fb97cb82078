import { compiled, runInThread, runInThreads } from '@pentaprism/concurrency';
import { transferable } from '@pentaprism/inference';
import type { LayoutRequest } from './layout-thread.js';
import { positionsOf } from './layout.js';
import { createNativeCalls, endNativeCalls } from './native-calls.js';
import type { PreparationRequest, Prepared } from './preparation.js';

/** Raised with each change that gives the same vectors other positions. */
export const PROJECTION_VERSION = 1;

/** Share of the progress that the preparation takes. */
const PREPARATION_SHARE = 0.4;

export interface ProjectionOptions {
  /** The same seed gives the same positions. */
  readonly seed: string;
  /** Threads that compute at the same time. Does not change the positions. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Called with shares that rise to 1. */
  readonly onProgress?: (share: number) => void;
}

/**
 * Computes positions in the plane at which similar vectors lie close together: principal components, then UMAP. Fewer than 30
 * vectors get their first two principal components. Positions are finite. The same vectors in the same order, with the same
 * seed, get the same positions to the byte.
 *
 * The work is done in threads that have ended when the promise settles. An abort takes some tenths of a second.
 *
 * @param vectors row by row; given to a thread, and empty afterwards, unless they share their buffer or it is a
 *   SharedArrayBuffer
 * @param size numbers of a vector
 * @returns pairs of numbers, in the order of the vectors
 * @throws RangeError if `vectors` are not whole rows, or contain a number that is not finite
 */
export async function project2d(
  vectors: Float32Array,
  size: number,
  { seed, threads = 1, signal, onProgress }: ProjectionOptions,
): Promise<Float32Array> {
  check(vectors, size, threads);
  signal?.throwIfAborted();
  const report = rising(onProgress);
  if (vectors.length === 0) {
    report(1);
    return new Float32Array();
  }
  const calls = createNativeCalls();
  const preparation = {
    path: compiled('preparation-thread.js', import.meta.url),
    data: { vectors, size, seed, threads, calls } satisfies PreparationRequest,
    transfer: transferable([vectors]),
  };
  const prepared = await runInThread<Prepared>(preparation, {
    signal,
    onProgress: (share) => report(PREPARATION_SHARE * share),
    beforeEnd: (hasExited) => endNativeCalls(calls, hasExited),
  });
  if ('positions' in prepared) {
    report(1);
    return prepared.positions;
  }
  const layout = {
    path: compiled('layout-thread.js', import.meta.url),
    data: { layout: prepared.layout, threads } satisfies LayoutRequest,
  };
  await runInThreads(layout, threads, {
    signal,
    onProgress: (share) => report(PREPARATION_SHARE + (1 - PREPARATION_SHARE) * share),
  });
  return positionsOf(prepared.layout);
}

function check(vectors: Float32Array, size: number, threads: number): void {
  if (!Number.isInteger(size) || size < 1) throw new RangeError(`The size of a vector is ${size}; it must be above 0.`);
  if (vectors.length % size !== 0) throw new RangeError(`${vectors.length} numbers are no rows of ${size}.`);
  if (!Number.isInteger(threads) || threads < 1) throw new RangeError(`${threads} threads; use 1 or more.`);
}

/** Leaves out shares that do not rise: threads report one after another, but their messages are delivered in any order. */
function rising(onProgress: ((share: number) => void) | undefined): (share: number) => void {
  let highest = 0;
  return (share) => {
    if (share > highest) onProgress?.((highest = share));
  };
}
