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
/** Stages of the large project beside which the small ones are measured. */
const IMPORTED = 'being imported';
const TRAINED = 'being trained';
/** Milliseconds that one project may take. */
const LIMIT_MS = 3 * 3600 * 1000;

/**
 * Small projects, from the upload to all their models, one after another and all at once: alone, and beside a large project
 * while it is imported and while it is trained. Each way is compared with itself without the large project, because projects
 * that compute at once take time from each other.
 */
export async function fairness(system) {
  const { client } = await system.workspace('bench-fairness');
  const directory = path.join(system.directory.path, '../fairness');
  const pictures = await makePhotos(directory, 16);
  const small = (name) => smallProject(client, directory, pictures, name);
  await small('warm-up');
  const ways = {
    'one after another': async (round) => {
      const measured = [];
      for (let i = 0; i < PROJECTS; i++) measured.push(await small(`turn-${round}-${i}`));
      return measured;
    },
    'all at once': (round) => Promise.all(Array.from({ length: PROJECTS }, (_, i) => small(`once-${round}-${i}`))),
  };
  const alone = {};
  const rows = [];
  for (const [way, measure] of Object.entries(ways)) {
    alone[way] = await measure('alone');
    rows.push({ name: `${PROJECTS} projects of ${SMALL} photos ${way}: the slowest`, ...figureOf(alone[way]) });
  }
  const large = await startLarge(client, directory, pictures);
  for (const stage of [IMPORTED, TRAINED]) {
    await until(() => large.stage() === stage, LIMIT_MS, 50);
    for (const [way, measure] of Object.entries(ways)) {
      const beside = await measure(stage);
      rows.push({
        name: `the same ${way} beside ${number(LARGE)} images ${stage} (in the end: ${large.stage()})`,
        ...figureOf(beside),
        ratio: `${number(slowestOf(beside) / slowestOf(alone[way]), 2)} × (goal: ${GOAL})`,
      });
    }
  }
  await large.abandon();
  return rows;
}

/** @param {readonly { total: number }[]} measured */
const slowestOf = (measured) => Math.max(...measured.map(({ total }) => total));

/** The slowest, and mean times of the steps. @param {readonly { steps: Record<string, number>, total: number }[]} measured */
function figureOf(measured) {
  const steps = Object.keys(measured[0].steps).map(
    (step) => `${step} ${number(mean(measured.map(({ steps }) => steps[step])), 1)} s`,
  );
  const total = mean(measured.map((each) => each.total));
  return {
    figure: `${number(slowestOf(measured), 1)} s`,
    comparedWith: `mean ${number(total, 1)} s: ${steps.join(', ')}`,
  };
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
async function startLarge(client, directory, pictures) {
  const small = await Promise.all(
    pictures.map(({ bytes }) => sharp(bytes).resize(LARGE_SIDE).jpeg({ quality: 82 }).toBuffer()),
  );
  const photos = function* () {
    for (let i = 0; i < LARGE; i++) yield { bytes: withComment(small[i % small.length]) };
  };
  const archive = await makeArchive(path.join(directory, 'large.zip'), photos(), CLASSES);
  const location = await uploadArchive(client, '/api/v2/projects/', archive);
  let stage = IMPORTED;
  let project;
  const running = (async () => {
    project = await imported(client, location);
    stage = 'having its target read';
    await setTarget(client, project);
    stage = TRAINED;
    await allModels(client, project);
    stage = 'done';
  })().catch((error) => {
    stage = `failed: ${error.message}`;
  });
  return {
    stage: () => stage,
    /** Ends it, so that what is measured next is alone with its own. */
    abandon: async () => {
      if (stage !== IMPORTED) await client.send('DELETE', `/api/v2/projects/${project}/`);
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
