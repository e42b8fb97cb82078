import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { runDirectly } from './direct.mjs';
import { CONNECTIONS, latency, load } from './load.mjs';
import { GATEWAY_GOAL, peakMemory } from './memory.mjs';
import { makePhotos } from './photos.mjs';
import { forEach, until } from './system.mjs';
import { megabytes, number, percent } from './table.mjs';
import { seedTrainingImages } from './training-images-seed.mjs';

const TRAINING = '/customvision/v3.4-preview/training';
const PREDICTION = '/customvision/v3.1/prediction';
const RECORDS = 200_000;
const LIST_CONNECTIONS = 4;
const PAGE = 256;
const PAGE_GOAL_MS = 60;
const IMAGES = 1_000;
const TAGS = 10;
const TRAINING_GOAL_S = 10;
const PREDICTIONS = 400;
const PREDICTION_GOAL_MS = 60;
const LARGE_FILES = 64;
const LARGE_BYTES = 6 * 1024 ** 2;
const LIMIT_MS = 300_000;

/** Lists by tag, batches of large files, trainings and predictions. */
export async function customVision(system) {
  const workspace = await system.workspace('bench-vision');
  const { client } = workspace;
  client.headers = { 'Training-Key': workspace.key };
  return [
    // Before the load of the others, as the memory of the idle stack is.
    await batchMemory(system, client),
    ...(await lists(system, workspace)),
    ...(await trainingAndPrediction(system, workspace)),
  ];
}

async function lists(system, workspace) {
  const { client } = workspace;
  const { project, tags } = await seedTrainingImages(system.database, workspace, RECORDS);
  const url = (query) => `${TRAINING}/projects/${project}/images/tagged?take=${PAGE}&${query}`;
  const deep = Array.from({ length: 200 }, (_, i) => url(`tagIds=${tags[i % tags.length]}&skip=${(i % 10) * PAGE}`));
  const questions = {
    'by one tag': tags.map((tag) => url(`tagIds=${tag}`)),
    'by one tag, oldest first': tags.map((tag) => url(`tagIds=${tag}&orderBy=Oldest`)),
    'by one tag, the first ten pages': deep,
    'by any of 5 tags': tags.slice(0, 40).map((_, i) => url(`tagIds=${tags.slice(i, i + 5).join()}`)),
    'by any of 20 tags': tags.slice(0, 20).map((_, i) => url(`tagIds=${tags.slice(i, i + 20).join()}`)),
    'all that are tagged': [url('')],
  };
  const rows = [];
  for (const [name, paths] of Object.entries(questions)) {
    const answer = JSON.parse((await client.send('GET', paths[0])).text);
    if (answer.length !== PAGE) throw new Error(`a page has ${answer.length} images`);
    const measured = await load(client.url, client.headers, paths, 6, LIST_CONNECTIONS);
    rows.push({
      name: `GET images/tagged ${name}, ${PAGE} of ${number(RECORDS)}, ${LIST_CONNECTIONS} connections`,
      figure: `${number(measured.requests.average)}/s, ${latency(measured)}`,
      comparedWith: `goal: p99 below ${PAGE_GOAL_MS} ms`,
      ratio: percent(measured.latency.p99, PAGE_GOAL_MS),
    });
  }
  return rows;
}

async function batchMemory(system, client) {
  const { id } = await client.json('POST', `${TRAINING}/projects?name=memory`);
  const boundary = randomBytes(12).toString('hex');
  const piece = randomBytes(64 * 1024);
  const pieces = Array.from({ length: LARGE_FILES }, (_, i) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="imageData"; filename="${i}.jpg"\r\n\r\n`),
    // Another file each time, and no picture: it is the way in that is measured.
    randomBytes(LARGE_BYTES % piece.length || 16),
    ...Array(Math.floor(LARGE_BYTES / piece.length) - 1).fill(piece),
    Buffer.from('\r\n'),
  ]).flat();
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  const peak = await peakMemory(system.stack.parts.get('gateway').pid, async () => {
    const type = `multipart/form-data; boundary=${boundary}`;
    const { status, text } = await client.send('POST', `${TRAINING}/projects/${id}/images`, pieces, type);
    if (status !== 207) throw new Error(`a batch was answered with ${status} ${text.slice(0, 200)}`);
  });
  return {
    name: `gateway's peak RSS, ${LARGE_FILES} files of ${megabytes(LARGE_BYTES)} in one request`,
    figure: megabytes(peak),
    comparedWith: `goal: below ${megabytes(GATEWAY_GOAL)}`,
    ratio: percent(peak, GATEWAY_GOAL),
  };
}

async function trainingAndPrediction(system, { name: workspace, client }) {
  const directory = path.join(system.directory.path, '../vision-photos');
  const photos = await makePhotos(directory, IMAGES);
  const { id: project } = await client.json('POST', `${TRAINING}/projects?name=training&classificationType=Multiclass`);
  const tags = [];
  for (let i = 0; i < TAGS; i++)
    tags.push((await client.json('POST', `${TRAINING}/projects/${project}/tags?name=tag-${i}`)).id);
  await forEach(photos, 4, async ({ bytes }, i) => {
    const url = `${TRAINING}/projects/${project}/images?tagIds=${tags[i % TAGS]}`;
    const { status, text } = await client.send('POST', url, bytes, 'application/octet-stream');
    if (status !== 200) throw new Error(`an image was answered with ${status} ${text}`);
  });
  const embeddings = system.database.collection('embeddings');
  await until(async () => (await embeddings.countDocuments({ workspace, state: 'embedded' })) >= IMAGES, LIMIT_MS);
  const startedAt = performance.now();
  let iteration = await client.json('POST', `${TRAINING}/projects/${project}/train`);
  const url = `${TRAINING}/projects/${project}/iterations/${iteration.id}`;
  await until(async () => (iteration = await client.json('GET', url)).status !== 'Training', LIMIT_MS);
  const seconds = (performance.now() - startedAt) / 1000;
  if (iteration.status !== 'Completed') throw new Error(`the training ended as ${iteration.status}`);
  await client.json('POST', `${url}/publish?publishName=bench&predictionId=here`);
  return [
    {
      name: `training of ${number(IMAGES)} images of ${TAGS} tags whose embeddings are there, evaluated by cross-validation`,
      figure: `${number(seconds, 1)} s`,
      comparedWith: `goal: below ${TRAINING_GOAL_S} s`,
      ratio: percent(seconds, TRAINING_GOAL_S),
    },
    ...(await predictions(client, project, photos)),
  ];
}

async function predictions(client, project, photos) {
  const url = `${PREDICTION}/${project}/classify/iterations/bench/image/nostore`;
  const times = [];
  const predict = async ({ bytes }) => {
    const startedAt = performance.now();
    const { status, text } = await client.send('POST', url, bytes, 'application/octet-stream');
    if (status !== 200) throw new Error(`a prediction was answered with ${status} ${text}`);
    times.push(performance.now() - startedAt);
  };
  const sample = photos.slice(0, PREDICTIONS);
  await forEach(sample.slice(0, 20), 2, predict);
  times.length = 0;
  await forEach(sample.slice(0, 100), 1, predict);
  const alone = median(times);
  const startedAt = performance.now();
  await forEach(sample, CONNECTIONS, predict);
  const rate = PREDICTIONS / ((performance.now() - startedAt) / 1000);
  const direct = PREDICTIONS / (await runDirectly('embed', sample));
  return [
    {
      name: `prediction of a photo of ${number(photos[0].bytes.length / 1000)} kB, one at a time`,
      figure: `p50 ${number(alone)} ms`,
      comparedWith: `goal: below ${PREDICTION_GOAL_MS} ms`,
      ratio: percent(alone, PREDICTION_GOAL_MS),
    },
    {
      name: `predictions, ${CONNECTIONS} connections`,
      figure: `${number(rate, 1)}/s`,
      comparedWith: `decode and backbone in a process per core: ${number(direct, 1)}/s; goal: 70 %`,
      ratio: percent(rate, direct),
    },
  ];
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
