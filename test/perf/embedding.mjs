import { Queue } from 'bullmq';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { runDirectly } from './direct.mjs';
import { makePhotos } from './photos.mjs';
import { forEach, until } from './system.mjs';
import { number, percent } from './table.mjs';

/** `BENCH_PHOTOS=100` embeds fewer. */
const PHOTOS = Number(process.env.BENCH_PHOTOS ?? 600);
/** Until each worker has loaded the network, and its decode processes run. */
const WARM_UP = 40;
const UPLOADS_AT_ONCE = 4;
const LIMIT_MS = 600_000;
const GOAL = 0.85;
const TRAINING = '/customvision/v3.4-preview/training';

/**
 * Stored photos to stored embeddings by a worker per core, against a process per core that decodes the same files and runs the
 * network. Jobs are held back until all photos have been analysed.
 */
export async function embedding(system) {
  if (process.platform !== 'linux') return [{ name: 'embedding', figure: 'needs /proc, so Linux' }];
  const workspace = await system.workspace('bench-embedding');
  const photos = await makePhotos(path.join(system.directory.path, '../embedding-photos'), WARM_UP + PHOTOS);
  const url = system.stack.servers.redisUrl;
  const queue = new Queue('embedding', { connection: { url }, prefix: 'pentaprism' });
  const workers = Array.from({ length: availableParallelism() - 1 }, () => startWorker(system));
  try {
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    const project = await makeProject(workspace);
    await embedAll(system, queue, project, photos.slice(0, WARM_UP));
    const measured = photos.slice(WARM_UP);
    const rate = PHOTOS / (await embedAll(system, queue, project, measured));
    const direct = PHOTOS / (await runDirectly('embed', measured));
    return [
      {
        name: `embeddings of ${number(PHOTOS)} stored photos, ${availableParallelism()} workers`,
        figure: `${number(rate, 1)}/s`,
        comparedWith: `decode and backbone in a process per core: ${number(direct, 1)}/s (goal: ${100 * GOAL} %)`,
        ratio: percent(rate, direct),
      },
    ];
  } finally {
    await queue.resume();
    await queue.close();
    await Promise.all(workers.map(stopWorker));
  }
}

async function makeProject({ name, key, client }) {
  client.headers = { 'Training-Key': key };
  const { id } = await client.json('POST', `${TRAINING}/projects?name=embedding`);
  return { workspace: name, client, images: `${TRAINING}/projects/${id}/images` };
}

/** Stores photos, and then has them embedded. @returns {Promise<number>} seconds that the embeddings took */
async function embedAll({ database }, queue, { workspace, client, images }, photos) {
  const embeddings = database.collection('embeddings');
  const before = await embeddings.countDocuments({ workspace });
  const reached = (filter) => async () =>
    (await embeddings.countDocuments({ workspace, ...filter })) >= before + photos.length;
  await queue.pause();
  await forEach(photos, UPLOADS_AT_ONCE, async ({ bytes }) => {
    const { status, text } = await client.send('POST', images, bytes, 'application/octet-stream');
    if (status !== 200) throw new Error(`an image was answered with ${status} ${text}`);
  });
  await until(reached({}), LIMIT_MS);
  const analyses = { workspace, state: { $in: ['unseen', 'pending'] } };
  await until(async () => (await database.collection('contents').countDocuments(analyses)) === 0, LIMIT_MS);
  const startedAt = performance.now();
  await queue.resume();
  await until(reached({ state: 'embedded' }), LIMIT_MS, 20);
  return (performance.now() - startedAt) / 1000;
}

/** Starts another worker like that of the system. */
function startWorker({ stack }) {
  const { pid } = stack.parts.get('worker');
  const [command, ...args] = listOf(pid, 'cmdline');
  const env = Object.fromEntries(listOf(pid, 'environ').map((line) => line.split(/=(.*)/s).slice(0, 2)));
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

/** @param {number} pid @param {'cmdline' | 'environ'} name */
function listOf(pid, name) {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8').split('\0').filter(Boolean);
}

async function stopWorker(child) {
  const ended = child.exitCode === null ? once(child, 'exit') : undefined;
  child.kill('SIGTERM');
  await ended;
}
