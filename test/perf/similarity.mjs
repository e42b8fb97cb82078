import path from 'node:path';
import { parseHashes, visitClosePairs } from '../../libs/similarity/dist/index.js';
import { duplicateQuality } from './duplicate-quality.mjs';
import { EVERY, seed } from './similarity-seed.mjs';
import { number, percent } from './table.mjs';

const RECORDS = 100_000;
const QUERIES = 1_000;
const SEARCH_GOAL_S = 2;
const DUPLICATES_GOAL_S = 30;
const SIMILAR_GOAL_MS = 100;
/** Bits: the default and the limit. */
const RADII = [10, 12];

/** Near duplicates and similar images of one project, and how good near duplicates are. */
export async function similarity(system) {
  const workspace = await system.workspace('bench-similarity');
  const hashes = await seed(system.database, workspace, RECORDS);
  const rows = await duplicateQuality(path.join(system.directory.path, '../variants'));
  for (const radius of RADII) rows.push(await searchAlone(hashes, radius));
  rows.push(...(await duplicates(workspace)), await similar(system.database, workspace));
  return rows;
}

async function searchAlone(hashes, radius) {
  let pairs = 0;
  const startedAt = performance.now();
  await visitClosePairs(
    parseHashes(hashes),
    radius,
    () => pairs++,
    async () => {},
  );
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    name: `search for pairs within ${radius} bits among ${number(RECORDS)} hashes, ${number(pairs)} found`,
    figure: `${number(seconds, 2)} s`,
    comparedWith: `goal: ${SEARCH_GOAL_S} s`,
    ratio: percent(seconds, SEARCH_GOAL_S),
  };
}

async function duplicates({ client, libraryId }) {
  const url = `/api/v2/projects/${libraryId}/nearDuplicates/?limit=100`;
  const measure = async () => {
    const startedAt = performance.now();
    const { totalCount } = await client.json('GET', url);
    if (totalCount < RECORDS / EVERY / 2) throw new Error(`${totalCount} groups were found`);
    return (performance.now() - startedAt) / 1000;
  };
  const name = `GET nearDuplicates/ of ${number(RECORDS)} images`;
  const [first, second] = [await measure(), await measure()];
  return [
    {
      name,
      figure: `${number(first, 1)} s`,
      comparedWith: `goal: ${DUPLICATES_GOAL_S} s`,
      ratio: percent(first, DUPLICATES_GOAL_S),
    },
    { name: `${name}, again`, figure: `${number(second * 1000)} ms` },
  ];
}

async function similar(database, { name: workspace, client, libraryId }) {
  const images = await database.collection('images').find({ workspace }).limit(QUERIES).toArray();
  const ask = ({ _id }) => client.json('GET', `/api/v2/projects/${libraryId}/images/${_id}/similar/`);
  const beforeFirst = performance.now();
  await ask(images[0]);
  const loading = performance.now() - beforeFirst;
  const times = [];
  for (const image of images) {
    const startedAt = performance.now();
    const { count } = await ask(image);
    if (count !== 10) throw new Error(`${count} images were found`);
    times.push(performance.now() - startedAt);
  }
  times.sort((a, b) => a - b);
  const p99 = times[Math.ceil(times.length * 0.99) - 1];
  return {
    name: `GET images/{id}/similar/ of ${number(RECORDS)}, the first in ${number(loading / 1000, 1)} s, then ${QUERIES}`,
    figure: `p50 ${number(times[times.length >> 1], 1)} ms, p99 ${number(p99, 1)} ms`,
    comparedWith: `goal: p99 below ${SIMILAR_GOAL_MS} ms`,
    ratio: percent(p99, SIMILAR_GOAL_MS),
  };
}
