import { statSync } from 'node:fs';
import path from 'node:path';
import { finished, makeArchive, uploadArchive } from './archives.mjs';
import { runDirectly } from './direct.mjs';
import { peakMemory } from './memory.mjs';
import { makePhotos } from './photos.mjs';
import { megabytes, number, percent } from './table.mjs';

/** Photos of about 300 kB in each archive: 0.1 and 1 GB. `BENCH_ARCHIVES=33,333` makes them smaller. */
const SIZES = (process.env.BENCH_ARCHIVES ?? '333,3333').split(',').map(Number);
const WARM_UP = 16;
const CLASSES = 10;
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
  await importArchive(client, await makeArchive(fileIn(directory), await makePhotos(directory, WARM_UP), CLASSES));
  const rows = [];
  for (const count of SIZES) rows.push(...(await measure(system, client, directory, count)));
  return rows;
}

async function measure(system, client, directory, count) {
  const photos = await makePhotos(directory, count);
  const archive = await makeArchive(fileIn(directory), photos, CLASSES);
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

const fileIn = (directory) => path.join(directory, 'archive.zip');

/** Uploads an archive, and waits until its dataset is completed. @returns {Promise<{ url: string }>} of the dataset */
export async function importArchive(client, archive) {
  return { url: await finished(client, await uploadArchive(client, '/api/v2/datasets/fromFile/', archive)) };
}
