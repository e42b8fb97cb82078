import { describe, expect, it } from '@jest/globals';
import { fuzzyGraph, type Graph } from './fuzzy-graph.js';

/** What umap-learn 0.5.12 gives for the first test. */
const UMAP = [
  { 1: 1, 2: 0.82774955 },
  { 0: 1, 2: 1, 3: 0.58496934 },
  { 0: 0.82774955, 1: 1, 3: 1 },
  { 1: 0.58496934, 2: 1 },
];

/** Each point's neighbours with their distances. */
function neighbours(rows: readonly (readonly (readonly [number, number])[])[]) {
  return {
    count: rows[0]?.length ?? 0,
    indices: Int32Array.from(rows.flatMap((row) => row.map(([index]) => index))),
    distances: Float32Array.from(rows.flatMap((row) => row.map(([, distance]) => distance))),
  };
}

function edges({ offsets, targets, weights }: Graph): Record<number, number>[] {
  return Array.from({ length: offsets.length - 1 }, (_, point) => {
    const places = Array.from(
      targets.subarray(offsets[point], offsets[point + 1]),
      (_, i) => (offsets[point] ?? 0) + i,
    );
    return Object.fromEntries(places.map((place) => [targets[place] as number, weights[place] as number]));
  });
}

describe('fuzzyGraph', () => {
  it('gives the weights of umap-learn', () => {
    // fuzzy_simplicial_set of the points 0, 1, 3, 7 on a line with n_neighbors=3.
    const graph = fuzzyGraph(
      neighbours([
        [
          [1, 1],
          [2, 3],
        ],
        [
          [0, 1],
          [2, 2],
        ],
        [
          [1, 2],
          [0, 3],
        ],
        [
          [2, 4],
          [1, 6],
        ],
      ]),
    );
    expect(edges(graph).map((row) => Object.keys(row))).toEqual(UMAP.map((row) => Object.keys(row)));
    UMAP.forEach((row, point) => {
      for (const [target, weight] of Object.entries(row)) {
        expect(edges(graph)[point]?.[Number(target)]).toBeCloseTo(weight, 4);
      }
    });
  });

  it('is symmetric', () => {
    const rows = edges(
      fuzzyGraph(
        neighbours([
          [
            [1, 1],
            [2, 3],
          ],
          [
            [2, 1],
            [0, 1],
          ],
          [
            [0, 3],
            [1, 4],
          ],
        ]),
      ),
    );
    rows.forEach((row, point) => {
      for (const [target, weight] of Object.entries(row)) expect(rows[Number(target)]?.[point]).toBe(weight);
    });
  });

  it('gives copies the weight 1', () => {
    const rows = edges(
      fuzzyGraph(
        neighbours([
          [
            [1, 0],
            [2, 0],
          ],
          [
            [0, 0],
            [2, 0],
          ],
          [
            [0, 0],
            [1, 0],
          ],
        ]),
      ),
    );
    expect(rows).toEqual([
      { 1: 1, 2: 1 },
      { 0: 1, 2: 1 },
      { 0: 1, 1: 1 },
    ]);
  });

  it('leaves out neighbours that were not found', () => {
    const rows = edges(
      fuzzyGraph(
        neighbours([
          [
            [1, 1],
            [-1, 0],
          ],
          [
            [0, 1],
            [-1, 0],
          ],
        ]),
      ),
    );
    expect(rows).toEqual([{ 1: 1 }, { 0: 1 }]);
  });
});
