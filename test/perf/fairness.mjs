import path from 'node:path';
import sharp from 'sharp';
import { finished, makeArchive, uploadArchive } from './archives.mjs';
import { makePhotos, withComment } from './photos.mjs';
import { until } from './system.mjs';
import { number } from './table.mjs';

/** Images of the large project. */
const LARGE = Number(process.env.FAIRNESS_IMAGES ?? 50_000);
const SMALL = 60;
const CLASSES = 4;
const PROJECTS = 9;
/** The longest side of an image of the large project: 50,000 of them fit into one upload. */
const LARGE_SIDE = 320;
/** How many times as long as alone a small project may take beside a large one. */
const GOAL = 3;
/** Milliseconds that one project may take. */
const LIMIT_MS = 3 * 3600 * 1000;

/**
 * Small projects, from the upload to all their models, beside a large one that is imported and trained meanwhile: one after
 * another, then all at once, which includes the time that they take from each other. Compared with a small project alone.
 */
export async function fairness(system) {
  const { client } = await system.workspace('bench-fairness');
  const directory = path.join(system.directory.path, '../fairness');
  const pictures = await makePhotos(directory, 16);
  const small = (name) => smallProject(client, directory, pictures, name);
  await small('warm-up');
  const alone = [await small('alone-1'), await small('alone-2')];
  const usual = mean(alone.map(({ total }) => total));
  const rows = [{ name: 'small project of 60 photos, alone: upload to all models', ...figureOf(alone) }];
  const ways = {
    'one after another': async () => {
      const measured = [];
      for (let i = 0; i < PROJECTS; i++) measured.push(await small(`turn-${i}`));
      return measured;
    },
    'all at once': () => Promise.all(Array.from({ length: PROJECTS }, (_, i) => small(`once-${i}`))),
  };
  for (const [way, measure] of Object.entries(ways)) {
    const large = await startLarge(client, directory, pictures, way);
    const measured = await measure();
    const stage = large.stage();
    await large.abandon();
    const slowest = Math.max(...measured.map(({ total }) => total));
    rows.push({
      name: `${PROJECTS} small projects ${way}, beside one of ${number(LARGE)} images (${stage} in the end): the slowest`,
      ...figureOf(measured),
      figure: `${number(slowest, 1)} s`,
      ratio: `${number(slowest / usual, 2)} × (goal: ${GOAL})`,
    });
  }
  return rows;
}

/** Mean times of the steps. @param {readonly { steps: Record<string, number>, total: number }[]} measured */
function figureOf(measured) {
  const steps = Object.keys(measured[0].steps).map(
    (step) => `${step} ${number(mean(measured.map(({ steps }) => steps[step])), 1)} s`,
  );
  const total = mean(measured.map((each) => each.total));
  return { figure: `${number(total, 1)} s`, comparedWith: `mean ${number(total, 1)} s: ${steps.join(', ')}` };
}

/** Makes a project of photos that no other one has, and waits for all its models. */
async function smallProject(client, directory, pictures, name) {
  const photos = Array.from({ length: SMALL }, (_, i) => ({ bytes: withComment(pictures[i % pictures.length].bytes) }));
  const archive = await makeArchive(path.join(directory, `${name}.zip`), photos, CLASSES);
  const steps = {};
  const startedAt = performance.now();
  let stepAt = startedAt;
  const end = (step) => {
    steps[step] = (performance.now() - stepAt) / 1000;
    stepAt = performance.now();
  };
  const project = await createProject(client, archive);
  end('import');
  await setTarget(client, project);
  end('target');
  await allModels(client, project);
  end('models');
  return { steps, total: (performance.now() - startedAt) / 1000 };
}

/** Starts the large project, whose upload has ended when this returns. */
async function startLarge(client, directory, pictures, name) {
  const small = await Promise.all(
    pictures.map(({ bytes }) => sharp(bytes).resize(LARGE_SIDE).jpeg({ quality: 82 }).toBuffer()),
  );
  const photos = function* () {
    for (let i = 0; i < LARGE; i++) yield { bytes: withComment(small[i % small.length]) };
  };
  const archive = await makeArchive(path.join(directory, `large ${name}.zip`), photos(), CLASSES);
  const location = await uploadArchive(client, '/api/v2/projects/', archive);
  let stage = 'being imported';
  let project;
  const running = (async () => {
    project = await imported(client, location);
    stage = 'having its target read';
    await setTarget(client, project);
    stage = 'being trained';
    await allModels(client, project);
    stage = 'done';
  })().catch((error) => {
    stage = `failed: ${error.message}`;
  });
  return {
    stage: () => stage,
    /** Ends it, so that what is measured next is alone with its own. */
    abandon: async () => {
      if (stage !== 'being imported') await client.send('DELETE', `/api/v2/projects/${project}/`);
      await running;
    },
  };
}

async function createProject(client, archive) {
  return imported(client, await uploadArchive(client, '/api/v2/projects/', archive));
}

/** Waits for the end of an import. Returns the id of the project. */
async function imported(client, location) {
  return new URL(await finished(client, location), client.url).pathname.split('/').at(-2);
}

async function setTarget(client, project) {
  const body = Buffer.from(JSON.stringify({ target: 'class', mode: 'auto' }));
  const { status, headers, text } = await client.send('PATCH', `/api/v2/projects/${project}/aim/`, body);
  if (status !== 202) throw new Error(`aim was answered with ${status} ${text}`);
  await finished(client, headers.location);
}

async function allModels(client, project) {
  const path = `/api/v2/projects/${project}/`;
  const ended = async () => {
    const models = await client.json('GET', `${path}models/`);
    return models.length > 0 && (await client.json('GET', `${path}modelJobs/`)).length === 0;
  };
  await until(ended, LIMIT_MS, 50);
}

/** @param {readonly number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
