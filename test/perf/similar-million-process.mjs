/** A process that searches among many compressed vectors, so that its memory can be measured: { count, queries, directory }. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { createModelInput } from '../../libs/imaging/dist/index.js';
import { openOnnxBackbone } from '../../libs/inference/dist/index.js';
import { candidateCount, CompressedVectorSet, dotProduct, VectorSet } from '../../libs/similarity/dist/index.js';
import { makePhotos } from './photos.mjs';

const NEAREST = 10;
const CROPS = 25;
/** Rows that are made at once. */
const CHUNK = 10_000;
/** What a picture has of two others at most, and noise of each number: embeddings of a data set are no separate heaps. */
const [MIXED, NOISE] = [0.6, 0.02];
const FIXTURES = ['coffee', 'chelsea'].map((name) => path.resolve(`libs/inference/src/fixtures/${name}.jpg`));
const noPause = async () => {};

const [{ count, queries: queryCount, directory }] = await once(process, 'message');
const base = await embedded(directory);
const size = base[0].length;
const file = openSync(path.join(directory, 'vectors.f32'), 'w+');
const random = xorshift(7);
const queries = Array.from({ length: queryCount }, () => mixture(new Float32Array(size)));
const { compressed, nearest, seconds } = await build();
const { times, found } = await searchAll();
closeSync(file);
process.send({
  recall: found / (queryCount * NEAREST),
  times,
  seconds,
  bytes: compressed.bytes,
  residentBytes: process.memoryUsage().rss,
});
await once(process, 'disconnect');

/** Compresses all vectors, writes them to the file, and finds the nearest of each query by comparing float32. */
async function build() {
  const compressed = new CompressedVectorSet(size);
  let nearest = queries.map(() => []);
  let seconds = 0;
  for (let first = 0; first < count; first += CHUNK) {
    const rows = new Float32Array(CHUNK * size);
    const exact = new VectorSet(size);
    for (let i = 0; i < CHUNK; i++) {
      const vector = mixture(rows.subarray(i * size, (i + 1) * size));
      exact.add(String(first + i), vector);
    }
    const startedAt = performance.now();
    for (const key of exact.keys()) compressed.add(key, exact.get(key));
    seconds += (performance.now() - startedAt) / 1000;
    writeSync(file, new Uint8Array(rows.buffer));
    for (const [i, query] of queries.entries()) {
      const all = [...nearest[i], ...(await exact.nearest(query, NEAREST, noPause))];
      nearest[i] = all.sort((one, other) => other.similarity - one.similarity).slice(0, NEAREST);
    }
  }
  return { compressed, nearest, seconds };
}

/** Searches as the service does, which reads float32 vectors of the candidates from the database. */
async function searchAll() {
  const times = [];
  let found = 0;
  for (const [i, query] of queries.entries()) {
    const startedAt = performance.now();
    const candidates = await compressed.nearest(query, candidateCount(NEAREST), noPause);
    const compared = candidates.map(({ key }) => ({ key, similarity: dotProduct(query, read(Number(key))) }));
    const best = compared.sort((one, other) => other.similarity - one.similarity).slice(0, NEAREST);
    times.push(performance.now() - startedAt);
    const right = new Set(nearest[i].map(({ key }) => key));
    found += best.filter(({ key }) => right.has(key)).length;
  }
  return { times, found };
}

/** @param {number} row */
function read(row) {
  const vector = new Float32Array(size);
  const bytes = new Uint8Array(vector.buffer);
  readSync(file, bytes, 0, bytes.length, row * bytes.length);
  return vector;
}

/** Writes an embedding between those of three pictures, of length 1. @param {Float32Array} into */
function mixture(into) {
  const [one, second, third] = [0, 0, 0].map(() => base[Math.floor(random() * base.length)]);
  const [a, b] = [MIXED * random(), MIXED * random()];
  let sum = 0;
  for (let i = 0; i < size; i++) {
    const value = one[i] + a * (second[i] - one[i]) + b * (third[i] - one[i]) + NOISE * (random() - 0.5);
    into[i] = Math.max(0, value);
    sum += into[i] ** 2;
  }
  const length = Math.sqrt(sum);
  for (let i = 0; i < size; i++) into[i] /= length;
  return into;
}

/** Embeddings of crops of pictures. @param {string} directory */
async function embedded(directory) {
  const photos = await makePhotos(path.join(directory, 'photos'), 16);
  const backbone = await openOnnxBackbone();
  const vectors = [];
  for (const input of [...FIXTURES.map((fixture) => readFileSync(fixture)), ...photos.map(({ bytes }) => bytes)])
    for (let crop = 0; crop < CROPS; crop++) {
      const { width, height } = await sharp(input).metadata();
      const side = randomInt(100, Math.min(width, height));
      const area = { left: randomInt(width - side), top: randomInt(height - side), width: side, height: side };
      const { pixels } = await createModelInput(await sharp(input).extract(area).png().toBuffer(), backbone.inputSize);
      vectors.push((await backbone.embed([pixels]))[0]);
    }
  await backbone.close();
  return vectors;
}

/** @param {number} state not 0 */
function xorshift(state) {
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
