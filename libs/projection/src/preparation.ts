import { createRandom } from '@pentaprism/domain';
import { onTensorFlow } from '@pentaprism/inference';
import { fuzzyGraph } from './fuzzy-graph.js';
import { createLayout, type Layout } from './layout.js';
import type { NativeCalls } from './native-calls.js';
import { nearestNeighbours } from './neighbours.js';
import { principalComponents, type PrincipalComponents } from './principal-components.js';

/** Numbers that are kept of each vector. */
const COMPONENTS = 50;
/** Neighbours of a point, without itself: umap-learn's 15 count the point. */
const NEIGHBOURS = 14;
/** Fewer have no neighbourhoods that a layout could show: principal components alone. */
const FEWEST_FOR_LAYOUT = 30;
/** The range of the start, and the noise that separates equal vectors: umap-learn's. */
const EXTENT = 10;
const NOISE = 0.0001;
/** Share of the preparation's progress that the principal components take. */
const COMPONENTS_SHARE = 0.4;

export interface PreparationRequest {
  /** Row by row. */
  readonly vectors: Float32Array;
  readonly size: number;
  readonly seed: string;
  readonly threads: number;
  /** Of the thread that prepares. */
  readonly calls: NativeCalls;
}

/** Positions that are final, or a layout that has not begun. */
export type Prepared = { readonly positions: Float32Array } | { readonly layout: Layout };

/** Computes everything that comes before the layout. */
export async function prepare(request: PreparationRequest, onProgress: (share: number) => void): Promise<Prepared> {
  const { vectors, size, seed, threads, calls } = request;
  const reduced = await onTensorFlow('wasm', async (tf) =>
    principalComponents(tf, vectors, size, {
      seed,
      components: COMPONENTS,
      onProgress: (share) => onProgress(COMPONENTS_SHARE * share),
    }),
  );
  const plane = firstTwo(reduced);
  if (vectors.length / size < FEWEST_FOR_LAYOUT) return { positions: plane };
  const neighbours = await nearestNeighbours(reduced.scores, reduced.components, NEIGHBOURS, {
    threads,
    calls,
    onProgress: (share) => onProgress(COMPONENTS_SHARE + (1 - COMPONENTS_SHARE) * share),
  });
  const random = createRandom(seed);
  const layout = createLayout(fuzzyGraph(neighbours), spread(plane, random), Math.floor(random() * 2 ** 32) | 0);
  onProgress(1);
  return { layout };
}

/** Returns pairs of numbers; the second is 0 where there is one component only. */
function firstTwo({ scores, components }: PrincipalComponents): Float32Array {
  const rows = scores.length / components;
  const pairs = new Float32Array(2 * rows);
  for (let row = 0; row < rows; row++) {
    for (let axis = 0; axis < Math.min(2, components); axis++) {
      pairs[2 * row + axis] = scores[row * components + axis] as number;
    }
  }
  return pairs;
}

/** Adds noise, and stretches each axis to the range in which layouts start. */
function spread(plane: Float32Array, random: () => number): Float32Array {
  const farthest = plane.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const factor = farthest > 0 ? EXTENT / farthest : 0;
  const start = plane.map((value) => value * factor + NOISE * (2 * random() - 1));
  for (const axis of [0, 1]) {
    let [lowest, highest] = [Infinity, -Infinity];
    for (let i = axis; i < start.length; i += 2) {
      lowest = Math.min(lowest, start[i] as number);
      highest = Math.max(highest, start[i] as number);
    }
    for (let i = axis; i < start.length; i += 2) {
      start[i] = (EXTENT * ((start[i] as number) - lowest)) / (highest - lowest);
    }
  }
  return start;
}
