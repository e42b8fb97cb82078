import type { Matches } from 'usearch';

/** Rows of numbers, one vector after another. */
export type Rows = Float32Array | Int8Array;

/** A row of a block, and its cosine with the query. */
export interface Match {
  readonly row: number;
  readonly similarity: number;
}

/** Returns the rows of a block with the largest cosines, in no order. Rows of float32 must have the length 1. */
export type BlockSearch = (block: Rows, query: Rows, count: number) => Match[];

export interface LoadedSearch {
  readonly search: BlockSearch;
  /** Why the library could not be loaded; undefined if it is used. */
  readonly failure?: unknown;
}

let loaded: Promise<LoadedSearch> | undefined;

/** Returns the search that uses the processor's vector instructions, and where there is none for this system, one in JavaScript. */
export function blockSearch(): Promise<LoadedSearch> {
  loaded ??= loadSearch(() => import('usearch'));
  return loaded;
}

/** As `blockSearch`, with the library that `load` returns. */
export async function loadSearch(load: () => Promise<typeof import('usearch')>): Promise<LoadedSearch> {
  try {
    const { exactSearch, MetricKind } = await load();
    const search: BlockSearch = (block, query, count) => {
      const metric = block instanceof Int8Array ? MetricKind.Cos : MetricKind.IP;
      const found = exactSearch(block, query, query.length, count, metric, 1) as Matches;
      return Array.from(found.keys, (row, place) => ({
        row: Number(row),
        similarity: 1 - (found.distances[place] as number),
      }));
    };
    return { search };
  } catch (failure) {
    return { search: searchInJavaScript, failure };
  }
}

/** Takes five times as long as the library. */
function searchInJavaScript(block: Rows, query: Rows, count: number): Match[] {
  const size = query.length;
  const isCompressed = block instanceof Int8Array;
  const queryLength = isCompressed ? Math.sqrt(product(query, 0, query, size)) : 1;
  const all = Array.from({ length: block.length / size }, (_, row) => {
    const length = isCompressed ? rowLength(block, row * size, size) * queryLength : 1;
    return { row, similarity: length === 0 ? 0 : product(block, row * size, query, size) / length };
  });
  return all.sort((one, other) => other.similarity - one.similarity).slice(0, count);
}

function product(block: Rows, start: number, query: Rows, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += (block[start + i] as number) * (query[i] as number);
  return sum;
}

function rowLength(block: Rows, start: number, size: number): number {
  let sum = 0;
  for (let i = start; i < start + size; i++) sum += (block[i] as number) ** 2;
  return Math.sqrt(sum);
}
