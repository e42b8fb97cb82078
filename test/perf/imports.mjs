import { once } from 'node:events';
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Zip, ZipPassThrough } from 'fflate';
import { runDirectly } from './direct.mjs';
import { peakMemory } from './memory.mjs';
import { makePhotos } from './photos.mjs';
import { until } from './system.mjs';
import { megabytes, number, percent } from './table.mjs';

/** Photos of about 300 kB in each archive: 0.1 and 1 GB. `BENCH_ARCHIVES=33,333` makes them smaller. */
const SIZES = (process.env.BENCH_ARCHIVES ?? '333,3333').split(',').map(Number);
const WARM_UP = 16;
const CLASSES = 10;
const LIMIT_MS = 600_000;
/** Bytes that the gateway may need more than at rest, and that the worker may have, whatever the size of the archive. */
const GATEWAY_GOAL = 50e6;
const WORKER_GOAL = 500e6;

/**
 * Imports of archives, from the upload to the completed dataset, against a process per core that hashes, decodes and
 * makes thumbnails of the same files. The comparison has no archive to read and stores nothing.
 */
export async function imports(system) {
  const { client } = await system.workspace('bench-imports');
  const directory = path.join(system.directory.path, '../photos');
  await importArchive(client, await makeArchive(directory, await makePhotos(directory, WARM_UP)));
  const rows = [];
  for (const count of SIZES) rows.push(...(await measure(system, client, directory, count)));
  return rows;
}

async function measure(system, client, directory, count) {
  const photos = await makePhotos(directory, count);
  const archive = await makeArchive(directory, photos);
  const { gateway, worker } = Object.fromEntries(
    ['gateway', 'worker'].map((name) => [name, system.stack.parts.get(name).pid]),
  );
  const atRest = await peakMemory(gateway, () => new Promise((resolve) => setTimeout(resolve, 500)));
  let rate = 0;
  let workerPeak = 0;
  const gatewayPeak = await peakMemory(gateway, async () => {
    workerPeak = await peakMemory(worker, async () => {
      const startedAt = performance.now();
      await importArchive(client, archive);
      rate = (1000 * count) / (performance.now() - startedAt);
    });
  });
  const direct = count / (await runDirectly('analyse', photos));
  const name = `archive of ${number(count)} photos, ${megabytes(statSync(archive).size)}`;
  return [
    {
      name: `${name}: upload to completed dataset`,
      figure: `${number(rate, 1)}/s`,
      comparedWith: `sharp alone: ${number(direct, 1)}/s (goal: 60 %)`,
      ratio: percent(rate, direct),
    },
    {
      name: `${name}: gateway's peak RSS above that at rest`,
      figure: megabytes(gatewayPeak - atRest),
      comparedWith: `goal: below ${megabytes(GATEWAY_GOAL)}`,
      ratio: percent(gatewayPeak - atRest, GATEWAY_GOAL),
    },
    {
      name: `${name}: worker's peak RSS, without its decode processes`,
      figure: megabytes(workerPeak),
      comparedWith: `goal: below ${megabytes(WORKER_GOAL)}`,
      ratio: percent(workerPeak, WORKER_GOAL),
    },
  ];
}

/** An archive of class folders, written without compression, as photos are compressed already. */
async function makeArchive(directory, photos) {
  const file = path.join(directory, 'archive.zip');
  const output = createWriteStream(file);
  const zip = new Zip((error, chunk) => {
    if (error) output.destroy(error);
    else output.write(chunk);
  });
  for (const [i, { bytes }] of photos.entries()) {
    const entry = new ZipPassThrough(`class-${i % CLASSES}/${i}.jpg`);
    zip.add(entry);
    entry.push(bytes, true);
    if (output.writableNeedDrain) await once(output, 'drain');
  }
  zip.end();
  output.end();
  await once(output, 'close');
  return file;
}

/** Uploads an archive, and waits until its dataset is completed. */
async function importArchive(client, archive) {
  const location = await upload(client, archive);
  let state;
  const ended = async () => {
    const { status, text } = await client.send('GET', location);
    state = text;
    return status === 303 || /"(ERROR|ABORTED)"/.test(text);
  };
  await until(ended, LIMIT_MS, 20);
  if (/"(ERROR|ABORTED)"/.test(state)) throw new Error(state);
}

/** @param {string} archive a file @returns {Promise<string>} the URL of the status */
export async function upload({ url, headers }, archive, route = '/api/v2/datasets/fromFile/') {
  const boundary = 'the-boundary-of-the-bench';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="archive.zip"\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  const request = http.request(new URL(route, url), {
    method: 'POST',
    headers: {
      ...headers,
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Length': head.length + statSync(archive).size + tail.length,
    },
  });
  const answered = once(request, 'response');
  request.write(head);
  await pipeline(createReadStream(archive), request, { end: false });
  request.end(tail);
  const [response] = await answered;
  response.resume();
  if (response.statusCode !== 202) throw new Error(`the upload was answered with ${response.statusCode}`);
  return response.headers.location;
}
