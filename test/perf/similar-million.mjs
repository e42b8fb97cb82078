import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beside } from './load.mjs';
import { megabytes, number, percent } from './table.mjs';

const MILLION = 1_000_000;
const QUERIES = 200;
const RECALL_GOAL = 0.95;

/** How good and how fast similar images are found among a million, whose embeddings are compressed in memory. */
export async function similarMillion(system) {
  const directory = path.join(system.directory.path, '../million');
  mkdirSync(directory, { recursive: true });
  try {
    return await beside('./similar-million-process.mjs', { count: MILLION, queries: QUERIES, directory }, rowsOf);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function rowsOf({ recall, times, seconds, bytes, residentBytes }) {
  times.sort((a, b) => a - b);
  const p99 = times[Math.ceil(times.length * 0.99) - 1];
  return [
    {
      name: `similar images among ${number(MILLION)}, recall@10 of ${QUERIES} queries`,
      figure: number(recall, 3),
      comparedWith: `goal: ${RECALL_GOAL}`,
      ratio: percent(recall, RECALL_GOAL),
    },
    {
      name: 'their search, with float32 vectors of candidates from a file',
      figure: `p50 ${number(times[times.length >> 1], 1)} ms, p99 ${number(p99, 1)} ms`,
    },
    {
      name: 'compressed vectors in memory',
      figure: `${megabytes(bytes)}, RSS ${megabytes(residentBytes)}`,
      comparedWith: `float32: ${megabytes(4 * bytes)}`,
    },
    { name: 'their compression, without reading them', figure: `${number(seconds, 1)} s` },
  ];
}
