import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beside, CONNECTIONS, download, latency } from './load.mjs';
import { GATEWAY_GOAL, peakMemory } from './memory.mjs';
import { FORM_TYPE, HEIGHT, radiograph, uploadOf, WIDTH } from './radiographs.mjs';
import { forEach, until } from './system.mjs';
import { megabytes, number, percent } from './table.mjs';

const IMAGES = '/api/dsio/filters/v1/images';
const FILES = 4;
const UPLOADS = 40;
const WARM_UP = 8;
const LIMIT_MS = 120_000;
const LARGE_BYTES = 30e6;
const LARGE_UPLOADS = 16;

/** Uploads and downloads of 16-bit grayscale PNGs, and the gateway's memory while large ones come in. */
export async function filters(system) {
  const { client, key } = await system.workspace('bench-filters');
  client.headers = { Authorization: basic(key) };
  const directory = path.join(system.directory.path, '../radiographs');
  mkdirSync(directory, { recursive: true });
  const files = Array.from({ length: FILES }, (_, i) => {
    const file = { path: path.join(directory, `${i}.png`), bytes: radiograph(i) };
    writeFileSync(file.path, file.bytes);
    return file;
  });
  const uploads = [];
  for (const connections of [1, 4]) uploads.push(await uploadRate(system, client, files, connections));
  return [...uploads, await downloadRate(client, files[0], directory), await memory(system, client)];
}

async function uploadRate(system, client, files, connections) {
  const bodies = files.map(({ bytes }) => uploadOf(bytes));
  const made = [];
  const send = async (count) => {
    await forEach(Array.from({ length: count }), connections, async (_, i) => {
      made.push(await upload(client, bodies[i % bodies.length]));
    });
  };
  await send(WARM_UP);
  const startedAt = performance.now();
  await send(UPLOADS);
  const rate = UPLOADS / ((performance.now() - startedAt) / 1000);
  // Their pictures are still being made, which is no part of the comparison.
  const rendering = { type: 'radiograph.render', state: { $in: ['queued', 'running'] } };
  const jobs = system.database.collection('jobs');
  await until(async () => (await jobs.countDocuments(rendering)) === 0, LIMIT_MS);
  const what = { paths: files.map((file) => file.path), connections, count: UPLOADS };
  const alone = UPLOADS / (await beside('./png-alone.mjs', what, (seconds) => seconds));
  for (const id of made) await client.send('DELETE', `${IMAGES}/${id}`);
  const size = megabytes(files[0].bytes.length);
  return {
    name: `upload of a ${number(WIDTH)} x ${number(HEIGHT)} 16-bit PNG of ${size}, ${connections} at a time`,
    figure: `${number(rate, 1)}/s`,
    comparedWith: `sha256, crc32 and inflate alone: ${number(alone, 1)}/s`,
    ratio: percent(rate, alone),
  };
}

async function downloadRate(client, file, directory) {
  const id = await upload(client, uploadOf(file.bytes));
  const { origin } = new URL(client.url);
  const through = await download(origin, [`${IMAGES}/${id}/media`], { headers: client.headers });
  const plain = await beside('./static-file.mjs', directory, (url) => download(url, [`/${path.basename(file.path)}`]));
  return {
    name: `download of its media, ${CONNECTIONS} connections`,
    figure: `${number(through.requests.average)}/s, ${latency(through)}`,
    comparedWith: `plain Fastify with @fastify/static: ${number(plain.requests.average)}/s, ${latency(plain)}`,
    ratio: percent(through.requests.average, plain.requests.average),
  };
}

async function memory(system, client) {
  // Stored, not deflated: the size is that of its pixels.
  const width = 4000;
  const body = uploadOf(radiograph(9, width, Math.ceil(LARGE_BYTES / (2 * width)), 0));
  const uploads = () =>
    forEach(Array.from({ length: LARGE_UPLOADS }), LARGE_UPLOADS, async () => {
      const id = await upload(client, body);
      await client.send('DELETE', `${IMAGES}/${id}`);
    });
  const peak = await peakMemory(system.stack.parts.get('gateway').pid, uploads);
  return {
    name: `gateway's peak RSS, ${LARGE_UPLOADS} such uploads of ${megabytes(body[1].length)} at once`,
    figure: megabytes(peak),
    comparedWith: `goal: below ${megabytes(GATEWAY_GOAL)}`,
    ratio: percent(peak, GATEWAY_GOAL),
  };
}

/** @returns its id */
async function upload(client, body) {
  const { status, text } = await client.send('POST', IMAGES, body, FORM_TYPE);
  if (status !== 201) throw new Error(`an upload was answered with ${status} ${text}`);
  return JSON.parse(text).id;
}

/** @param {string} key id.secret */
function basic(key) {
  return `Basic ${Buffer.from(key.replace('.', ':')).toString('base64')}`;
}
