import { randomBytes } from 'node:crypto';
import path from 'node:path';
import mongoose from 'mongoose';
import { parseHashes, visitClosePairs } from '../../libs/similarity/dist/index.js';
import { duplicateQuality } from './duplicate-quality.mjs';
import { countsOf } from './image-list-seed.mjs';
import { number, percent } from './table.mjs';

const RECORDS = 100_000;
const BATCH = 5_000;
const DIMENSIONS = 1280;
const BACKBONE = 'bench:000000000000';
/** Every tenth image is a near duplicate of the one before it. */
const EVERY = 10;
const QUERIES = 1_000;
const SEARCH_GOAL_S = 2;
const DUPLICATES_GOAL_S = 30;
const SIMILAR_GOAL_MS = 100;
/** Bits: the default and the limit. */
const RADII = [10, 12];

/** Near duplicates and similar images of one project, and how good near duplicates are. */
export async function similarity(system) {
  const workspace = await system.workspace('bench-similarity');
  const hashes = await seed(system.database, workspace);
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

/** Writes images, contents and embeddings as the services would have. @returns {Promise<string[]>} perceptual hashes */
async function seed(database, { name: workspace, libraryId: project }) {
  const hashes = [];
  let vector = unitVector();
  const second = Math.floor(Date.now() / 1000) - RECORDS;
  for (let first = 1; first <= RECORDS; first += BATCH) {
    const [images, contents, embeddings] = [[], [], []];
    for (let number = first; number < first + BATCH; number++) {
      const isDuplicate = number % EVERY === 0;
      if (!isDuplicate) vector = unitVector();
      const hash = isDuplicate ? withFlippedBits(hashes.at(-1), 3) : randomBytes(8).toString('hex');
      hashes.push(hash);
      const content = { workspace, sha256: randomBytes(32).toString('hex'), size: 300_000, mediaType: 'image/jpeg' };
      const createdAt = new Date((second + number) * 1000);
      contents.push({
        ...content,
        state: 'decoded',
        ...{ width: 1440, height: 1080, perceptualHash: hash, createdAt, orphanedAt: null, revision: 0 },
      });
      images.push({
        ...content,
        ...{
          project,
          number,
          fileName: `${number}.jpg`,
          createdBy: 'bench',
          createdAt,
          createdSecond: second + number,
        },
        ...{ uploadedAt: createdAt, state: 'decoded', draw: Math.random(), tags: [] },
      });
      const bytes = new mongoose.mongo.Binary(Buffer.from(vector.buffer));
      embeddings.push({
        workspace,
        sha256: content.sha256,
        state: 'embedded',
        backbone: BACKBONE,
        vector: bytes,
        createdAt,
      });
    }
    await database.collection('contents').insertMany(contents);
    await database.collection('images').insertMany(images);
    await database.collection('embeddings').insertMany(embeddings);
  }
  await database.collection('image_counts').insertMany(countsOf(workspace, project, RECORDS));
  return hashes;
}

function unitVector() {
  const vector = Float32Array.from({ length: DIMENSIONS }, () => Math.random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** @param {string} hash @param {number} count */
function withFlippedBits(hash, count) {
  let bits = BigInt(`0x${hash}`);
  for (let i = 0; i < count; i++) bits ^= 1n << BigInt(Math.floor(Math.random() * 64));
  return bits.toString(16).padStart(16, '0');
}
