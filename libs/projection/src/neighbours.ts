import type { Index } from 'usearch';
import { createNativeCalls, enterNativeCall, leaveNativeCall, type NativeCalls } from './native-calls.js';

/** Vectors per call of the index. A thread can be ended between two calls only, and a call takes some milliseconds. */
const CHUNK = 256;
/** Threads that the index reserves memory for: as many as can search at once. */
export const MAX_SEARCH_THREADS = 8;

/** The nearest neighbours of each point, without the point itself, nearest first. */
export interface Neighbours {
  /** Neighbours of a point. */
  readonly count: number;
  /** Row by row. A point for which fewer were found has -1 in the last places. */
  readonly indices: Int32Array;
  /** Euclidean. */
  readonly distances: Float32Array;
}

export interface NeighbourOptions {
  readonly threads: number;
  /** Of this thread. */
  readonly calls?: NativeCalls;
  readonly onProgress?: (share: number) => void;
}

/**
 * Finds the approximate nearest neighbours of each point. The number of threads does not change the result.
 *
 * @param points row by row
 * @param count neighbours of a point
 */
export async function nearestNeighbours(
  points: Float32Array,
  size: number,
  count: number,
  { threads, calls = createNativeCalls(), onProgress }: NeighbourOptions,
): Promise<Neighbours> {
  const rows = points.length / size;
  const index = await guarded(calls, () => emptyIndex(size));
  for (let first = 0; first < rows; first += CHUNK) {
    await guarded(calls, () => addRows(index, points, size, first, Math.min(rows, first + CHUNK)));
    onProgress?.((0.5 * first) / rows);
  }
  const indices = new Int32Array(rows * count).fill(-1);
  const distances = new Float32Array(rows * count);
  const searchThreads = Math.min(threads, MAX_SEARCH_THREADS);
  for (let first = 0; first < rows; first += CHUNK) {
    const queries = points.subarray(first * size, (first + CHUNK) * size);
    const found = await guarded(calls, () => index.search(queries, count + 1, searchThreads));
    // One row is answered in another form.
    const counts = 'counts' in found ? (found.counts as BigUint64Array) : [BigInt(found.keys.length)];
    counts.forEach((matches, row) => {
      const start = row * (count + 1);
      const own = { keys: found.keys.subarray(start), distances: found.distances.subarray(start) };
      keepOthers(own, Number(matches), first + row, { count, indices, distances });
    });
    onProgress?.(0.5 + (0.5 * first) / rows);
  }
  return { count, indices, distances };
}

async function guarded<T>(calls: NativeCalls, call: () => T | Promise<T>): Promise<T> {
  enterNativeCall(calls);
  try {
    return await call();
  } finally {
    leaveNativeCall(calls);
  }
}

/** Loads the library, too, which is a native call. */
async function emptyIndex(size: number): Promise<Index> {
  const { Index, MetricKind, ScalarKind } = await import('usearch');
  return new Index({
    dimensions: size,
    metric: MetricKind.L2sq,
    quantization: ScalarKind.F32,
    // The library's defaults.
    connectivity: 0,
    expansion_add: 0,
    expansion_search: 0,
    multi: false,
  });
}

/**
 * Adds rows one after another, since the index depends on their order. The call before which the index grows also reserves
 * memory for the threads that search, and takes turns with it: it is made with the same number always, and with one row.
 */
function addRows(index: Index, points: Float32Array, size: number, first: number, end: number): void {
  let from = first;
  while (from < end) {
    const grows = index.size() + 1 >= index.capacity();
    const room = Math.max(1, index.capacity() - index.size() - 1);
    const to = grows ? from + 1 : Math.min(end, from + room);
    const keys = BigUint64Array.from({ length: to - from }, (_, i) => BigInt(from + i));
    index.add(keys, points.subarray(from * size, to * size), grows ? MAX_SEARCH_THREADS : 1);
    from = to;
  }
}

function keepOthers(
  found: { readonly keys: BigUint64Array; readonly distances: Float32Array },
  matches: number,
  point: number,
  { count, indices, distances }: Neighbours,
): void {
  let kept = 0;
  for (let i = 0; i < matches && kept < count; i++) {
    const neighbour = Number(found.keys[i]);
    if (neighbour === point) continue;
    indices[point * count + kept] = neighbour;
    // Rounding makes squares of tiny distances negative.
    distances[point * count + kept] = Math.sqrt(Math.max(0, found.distances[i] as number));
    kept++;
  }
}
