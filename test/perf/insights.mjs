import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import sharp from 'sharp';
import { finished, makeArchive, uploadArchive } from './archives.mjs';
import { madeVectors } from './made-vectors.mjs';
import { peakMemory } from './memory.mjs';
import { makePhotos } from './photos.mjs';
import { forEach } from './system.mjs';
import { megabytes, number, percent } from './table.mjs';

const PHOTOS = 200;
const IMAGES = 10_000;
const CLASSES = 4;
const SIDE = 32;
const DIMENSIONS = 1280;
const BATCH = 1_000;
const MODEL = 'nearest-mean-classifier';
const OTHER_MODEL = 'keras-linear-classifier';
const REQUESTS = 20;
const MAPS_GOAL_S = 10;
const POSITIONS_GOAL_S = 10;
const ANSWER_GOAL_MS = 500;
/** Bytes that the gateway may need more than at rest. */
const GATEWAY_GOAL = 50e6;

const fileIn = (directory) => path.join(directory, 'archive.zip');

/** Activation maps of photos, positions of images whose vectors are known, and the answer that has them. */
export async function insights(system) {
  const workspace = await system.workspace('bench-insights');
  const directory = path.join(system.directory.path, '../insights');
  mkdirSync(directory, { recursive: true });
  try {
    const maps = await mapsOf(workspace, directory);
    return [maps, ...(await positionsOf(system, workspace, directory))];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function mapsOf({ client }, directory) {
  const archive = await makeArchive(fileIn(directory), await makePhotos(directory, PHOTOS), CLASSES);
  const model = await train(client, await makeProject(client, archive), MODEL);
  const seconds = await compute(client, `${model}imageActivationMaps/`);
  const { activationMaps } = await client.json('GET', `${model}imageActivationMaps/?featureName=image`);
  if (activationMaps.length !== PHOTOS) throw new Error(`${activationMaps.length} maps were computed`);
  return {
    name: `activation maps of ${number(PHOTOS)} photos of 1.6 megapixels: POST to COMPLETED`,
    figure: `${number(seconds, 1)} s`,
    comparedWith: `goal: below ${MAPS_GOAL_S} s`,
    ratio: percent(seconds, MAPS_GOAL_S),
  };
}

async function positionsOf({ database, stack }, { name, client }, directory) {
  const pictures = await makePictures();
  await seedEmbeddings(database, name, pictures);
  const project = await makeProject(client, await makeArchive(fileIn(directory), pictures, CLASSES));
  const model = await train(client, project, MODEL);
  const seconds = await compute(client, `${model}imageEmbeddings/`);
  const what = `positions of ${number(IMAGES)} images whose vectors are known`;
  const rows = [
    {
      name: `${what}: POST to COMPLETED`,
      figure: `${number(seconds, 1)} s`,
      comparedWith: `goal: below ${POSITIONS_GOAL_S} s`,
      ratio: percent(seconds, POSITIONS_GOAL_S),
    },
    ...(await answers(client, stack.parts.get('gateway').pid, `${model}imageEmbeddings/?featureName=image`)),
  ];
  const again = await compute(client, `${await train(client, project, OTHER_MODEL)}imageEmbeddings/`);
  rows.splice(1, 0, {
    name: 'the same, of a second model of the project',
    figure: `${number(again, 1)} s`,
    comparedWith: 'the first model, which computed them',
    ratio: percent(again, seconds),
  });
  return rows;
}

/** How long the answer takes, one request after another, and what the gateway needs for it. */
async function answers(client, gateway, url) {
  const times = [];
  let bytes = 0;
  const get = async () => {
    const startedAt = performance.now();
    const { status, text } = await client.send('GET', url);
    times.push(performance.now() - startedAt);
    bytes = text.length;
    if (status !== 200) throw new Error(`the answer has status ${status}: ${text}`);
    return text;
  };
  const { embeddings } = JSON.parse(await get());
  if (embeddings.length !== IMAGES) throw new Error(`the answer has ${embeddings.length} images`);
  const [first] = times.splice(0);
  const atRest = await peakMemory(gateway, () => sleep(500));
  const peak = await peakMemory(gateway, async () => {
    for (let i = 0; i < REQUESTS; i++) await get();
  });
  times.sort((a, b) => a - b);
  const median = times[REQUESTS >> 1];
  const name = `GET imageEmbeddings/ of ${number(IMAGES)} images, ${megabytes(bytes)}`;
  return [
    {
      name: `${name}: to the last byte, median of ${REQUESTS}, the first in ${number(first)} ms`,
      figure: `${number(median)} ms`,
      comparedWith: `goal: below ${ANSWER_GOAL_MS} ms`,
      ratio: percent(median, ANSWER_GOAL_MS),
    },
    {
      name: `${name}: gateway's peak RSS above that at rest`,
      figure: megabytes(peak - atRest),
      comparedWith: `goal: below ${megabytes(GATEWAY_GOAL)}`,
      ratio: percent(peak - atRest, GATEWAY_GOAL),
    },
  ];
}

/** Makes a project of an archive, and sets its target. Returns its address. */
async function makeProject(client, archive) {
  const project = await finished(client, await uploadArchive(client, '/api/v2/projects/', archive));
  const aim = await post(client, 'PATCH', `${project}aim/`, { target: 'class', mode: 'manual' });
  return finished(client, aim);
}

/** Trains one model. Returns its address. */
async function train(client, project, blueprintId) {
  return finished(client, await post(client, 'POST', `${project}models/`, { blueprintId }));
}

/** @returns {Promise<number>} seconds until the insights are completed */
async function compute(client, url) {
  const startedAt = performance.now();
  await finished(client, await post(client, 'POST', url));
  return (performance.now() - startedAt) / 1000;
}

/** @returns {Promise<string>} the address that the answer names */
async function post(client, method, url, body) {
  const answer = await client.send(method, url, body && Buffer.from(JSON.stringify(body)));
  if (answer.status !== 202) throw new Error(`${method} ${url}: ${answer.status} ${answer.text}`);
  return answer.headers.location;
}

/** Small pictures that differ in every pixel. */
async function makePictures() {
  const pictures = Array.from({ length: IMAGES });
  await forEach(pictures, 2, async (_, i) => {
    const raw = { width: SIDE, height: SIDE, channels: 3 };
    const bytes = await sharp(randomBytes(SIDE * SIDE * 3), { raw })
      .jpeg()
      .toBuffer();
    pictures[i] = { bytes };
  });
  return pictures;
}

/** Writes the vectors of pictures as insights would have, so that none is computed when the pictures come in. */
async function seedEmbeddings(database, workspace, pictures) {
  const collection = database.collection('embeddings');
  const { backbone } = await collection.findOne({ workspace, state: 'embedded' });
  const vectors = madeVectors(pictures.length, DIMENSIONS);
  const records = pictures.map(({ bytes }, i) => ({
    ...{ workspace, sha256: createHash('sha256').update(bytes).digest('hex'), state: 'embedded', backbone },
    vector: new mongoose.mongo.Binary(Buffer.from(vectors.slice(i * DIMENSIONS, (i + 1) * DIMENSIONS).buffer)),
    createdAt: new Date(),
  }));
  for (let i = 0; i < records.length; i += BATCH) await collection.insertMany(records.slice(i, i + BATCH));
}
