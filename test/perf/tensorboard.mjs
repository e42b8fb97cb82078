import { appendFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { URLSearchParams } from 'node:url';
import { eventFile } from '../../libs/testing/dist/event-files.js';
import { anyImage, imageEvent, runName, tagName, writeLogDirectory, writeRun, writeSparseRun } from './event-logs.mjs';
import { load } from './load.mjs';
import { peakMemory } from './memory.mjs';
import { Client, until } from './system.mjs';
import { megabytes, number } from './table.mjs';
import { installTensorBoard, TensorBoard } from './tensorboard-server.mjs';

const ROUNDS = 3;
const SMALL = { runs: 1, tags: 20, steps: 10, bytes: 216_000 };
const MANY_TAGS = { runs: 10, tags: 100, steps: 2, bytes: 1_000 };
const LARGE = { runs: 200, tags: 5, steps: 50, bytes: 8_240 };
const SPARSE = { graphs: 3, bytes: 800 * 1000 ** 2 };
const READING_LIMIT_MS = 600_000;
const MEMORY_GOAL = 400e6;
const CLIENTS = 50;
const POLLING_MS = 60_000;
/** The directory with one small run, and that run. */
const IDLE = 'idle';
/** Seconds from one look at the log directory to the next. */
const INTERVAL = 1;

/** The image plugin beside TensorBoard itself, both on the same directories. */
export async function tensorboard(system) {
  const parts = { requests, manyTags, fromNothing, everyStep, sparseFile, growing };
  const python = python3OrReason();
  const directory = path.join(system.directory.path, '../event-logs');
  const rows = [];
  for (const name of (process.env.BENCH_TENSORBOARD ?? Object.keys(parts).join()).split(','))
    rows.push(...(await parts[name]({ system, directory, ...python })));
  if (python.reason) rows.push({ name: 'TensorBoard', figure: 'skipped', comparedWith: python.reason });
  return rows;
}

/** @returns {{ python?: string, reason?: string }} */
function python3OrReason() {
  try {
    return { python: installTensorBoard() };
  } catch (error) {
    return { reason: `it could not be installed: ${error.message}` };
  }
}

/** Lists, pictures and tags of a small directory. */
async function requests({ system, directory, python }) {
  const logs = writeLogDirectory(path.join(directory, 'small'), SMALL);
  await follow(system, logs);
  const last = { run: runName(0), tag: tagName(SMALL.tags - 1), step: SMALL.steps };
  const ours = sideOf(system);
  await untilServed(ours, last);
  const theirs = python && (await TensorBoard.start(python, logs));
  try {
    const sides = [ours, ...(theirs ? [{ url: theirs.url, headers: {} }] : [])];
    if (theirs) await untilServed(sides[1], last);
    const list = { run: runName(0), tag: tagName(0) };
    return [
      await compare(`GET images, one of ${SMALL.tags} tags, ${SMALL.steps} steps`, sides, () => [listPath(list)]),
      await compare(
        `GET individualImage, ${SMALL.tags * SMALL.steps} of ${SMALL.bytes / 1000} kB`,
        sides,
        picturePaths,
      ),
      await compare(`GET tags, ${SMALL.tags} tags`, sides, () => [TAGS]),
    ];
  } finally {
    await theirs?.stop();
  }
}

const TAGS = '/data/plugin/images/tags';
const listPath = ({ run, tag }) => `/data/plugin/images/images?${new URLSearchParams({ run, tag })}`;

async function picturePaths({ url, headers }) {
  const paths = [];
  for (let tag = 0; tag < SMALL.tags; tag++) {
    const response = await fetch(url + listPath({ run: runName(0), tag: tagName(tag) }), { headers });
    for (const { query } of await response.json()) paths.push(`/data/plugin/images/individualImage?${query}`);
  }
  return paths;
}

async function manyTags({ system, directory, python }) {
  const logs = writeLogDirectory(path.join(directory, 'many-tags'), MANY_TAGS);
  await follow(system, logs);
  const last = { run: runName(MANY_TAGS.runs - 1), tag: tagName(MANY_TAGS.tags - 1), step: MANY_TAGS.steps };
  await untilServed(sideOf(system), last);
  const theirs = python && (await TensorBoard.start(python, logs));
  try {
    const sides = [sideOf(system), ...(theirs ? [{ url: theirs.url, headers: {} }] : [])];
    if (theirs) await untilServed(sides[1], last);
    return [await compare('GET tags, 1,000 tags, 1 connection', sides, () => [TAGS], 1)];
  } finally {
    await theirs?.stop();
  }
}

/**
 * Measures each side in turn, again and again, and compares the medians.
 * @param {string} name @param {{ url: string, headers: Record<string, string> }[]} sides
 * @param {(side: any) => string[] | Promise<string[]>} pathsOf
 */
async function compare(name, sides, pathsOf, connections = 16) {
  const paths = await Promise.all(sides.map(pathsOf));
  const rates = sides.map(() => []);
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, { url, headers }] of sides.entries()) {
      const { requests: done } = await load(url, headers, paths[i], 6, connections);
      rates[i].push(done.average);
    }
  const [ours, theirs] = rates.map(median);
  return {
    name,
    figure: `${number(ours)}/s`,
    ...(theirs === undefined
      ? {}
      : { comparedWith: `TensorBoard: ${number(theirs)}/s`, ratio: `${number(ours / theirs, 1)} ×` }),
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** How long it takes until the last step of the last run is served, and again after a restart. */
async function fromNothing({ system, directory, python }) {
  const logs = writeLogDirectory(path.join(directory, 'large'), LARGE);
  const what = `${LARGE.runs} runs × ${LARGE.tags} tags × ${LARGE.steps} steps`;
  const reading = await measureReading(system, logs, LARGE_LAST);
  const restart = async () => {
    await follow(system, logs);
    await untilServed(sideOf(system), LARGE_LAST);
  };
  const again = (await secondsOf(restart)) - reading.idle;
  const first = { name: `from nothing: ${what}`, figure: `${number(reading.seconds, 1)} s` };
  const rows = python ? [] : [first];
  for (const loader of python ? ['data server', 'Python loader'] : []) {
    const theirs = await secondsOfTensorBoard(python, directory, logs, loader);
    const ratio = `${number(reading.seconds / theirs, 2)} ×`;
    rows.push({ ...first, comparedWith: `TensorBoard's ${loader}: ${number(theirs, 1)} s`, ratio });
  }
  return [
    ...rows,
    { name: 'the same after a restart', figure: `${number(again, 1)} s`, comparedWith: 'goal: below 2 s' },
    memoryRow('memory of training-ingest at that', reading.peak),
  ];
}

const LARGE_LAST = { run: runName(LARGE.runs - 1), tag: tagName(LARGE.tags - 1), step: LARGE.steps };

async function everyStep({ system, directory }) {
  const logs = path.join(directory, 'large');
  if (!existsSync(logs)) writeLogDirectory(logs, LARGE);
  const { seconds, peak } = await measureReading(system, logs, LARGE_LAST, 0);
  return [
    { name: 'from nothing with every step kept', figure: `${number(seconds, 1)} s`, comparedWith: 'goal: below 15 s' },
    memoryRow('memory of training-ingest at that', peak),
  ];
}

async function sparseFile({ system, directory }) {
  const logs = writeSparseRun(path.join(directory, 'sparse'), SPARSE);
  const { seconds, peak } = await measureReading(system, logs, { run: 'sparse', tag: tagName(0), step: 1 });
  const name = `a file with ${SPARSE.graphs} graphs of ${megabytes(SPARSE.bytes)}`;
  return [{ name, figure: `${number(seconds, 1)} s` }, memoryRow('memory of training-ingest at that', peak)];
}

const memoryRow = (name, bytes) => ({
  name,
  figure: megabytes(bytes),
  comparedWith: `goal: below ${megabytes(MEMORY_GOAL)}`,
  ratio: `${number((100 * bytes) / MEMORY_GOAL)} %`,
});

/** Reads a directory anew: another one before it takes its runs away. */
async function measureReading(system, logs, last, samples = 10) {
  const side = sideOf(system);
  await followIdle(system, logs);
  await until(async () => (await runsOf(side)).join() === IDLE, READING_LIMIT_MS);
  return measureStart(system, logs, last, samples);
}

/** From a restart of the service, without what its restart with one small run takes. */
async function measureStart(system, logs, last, samples = 10) {
  const idle = await secondsOf(() => followIdle(system, logs));
  let peak = 0;
  const seconds = await secondsOf(async () => {
    await follow(system, logs, samples);
    const { pid } = system.stack.parts.get('training-ingest');
    peak = await peakMemory(pid, () => untilServed(sideOf(system), last));
  });
  return { seconds: seconds - idle, idle, peak };
}

async function secondsOf(action) {
  const startedAt = performance.now();
  await action();
  return (performance.now() - startedAt) / 1000;
}

/** From its start, without what its start with one small run takes. */
async function secondsOfTensorBoard(python, directory, logs, loader) {
  const seconds = (/** @type {string} */ where, last) =>
    secondsOf(async () => {
      const server = await TensorBoard.start(python, where, loader);
      try {
        if (last) await untilServed({ url: server.url, headers: {} }, last);
      } finally {
        await server.stop();
      }
    });
  return (await seconds(logs, LARGE_LAST)) - (await seconds(path.join(directory, IDLE)));
}

/** Many clients poll the tags while a run grows. */
async function growing({ system, directory }) {
  const logs = path.join(directory, 'many-tags');
  if (!existsSync(logs)) writeLogDirectory(logs, MANY_TAGS);
  const file = writeRun(logs, 'growing', eventFile(imageEvent(tagName(0), 1, anyImage(1000))));
  await follow(system, logs);
  await untilServed(sideOf(system), { run: 'growing', tag: tagName(0), step: 1 });
  const { ages, errors, memory } = await pollWhileGrowing(system, file);
  return [
    {
      name: `${CLIENTS} clients poll tags of 1,000 tags while a run grows: oldest of ${number(ages.length)} answers`,
      figure: `${number(Math.max(...ages) / 1000, 1)} s old, ${errors} errors`,
      comparedWith: `goal: at most ${1 + INTERVAL} s, no error`,
    },
    {
      name: "gateway's memory at that",
      figure: `${megabytes(memory[0])} in the first 5 s, ${megabytes(memory.at(-1))} in the last`,
      comparedWith: 'goal: flat',
    },
  ];
}

async function pollWhileGrowing(system, file) {
  const written = [];
  const ages = [];
  const memory = [];
  let errors = 0;
  const end = performance.now() + POLLING_MS;
  const repeat = async (/** @type {(i: number) => unknown} */ action, everyMs) => {
    for (let i = 0; performance.now() < end; i++) {
      await action(i);
      await sleep(everyMs);
    }
  };
  const write = (i) => {
    appendFileSync(file, eventFile(imageEvent(`growing/${i}.`, 2, anyImage(1000))));
    written.push(performance.now());
  };
  const poll = (client) => async () => {
    const askedAt = performance.now();
    const { status, text } = await client.send('GET', TAGS);
    if (status === 200) ages.push(ageOf(text, written, askedAt));
    else errors += 1;
  };
  const { pid } = system.stack.parts.get('gateway');
  const sample = async () => memory.push(await peakMemory(pid, () => sleep(5000)));
  const clients = Array.from({ length: CLIENTS }, () => new Client(system.stack.url, system.stack.ownerKey));
  await Promise.all([repeat(write, 500), repeat(sample, 0), ...clients.map((client) => repeat(poll(client), 1000))]);
  return { ages, errors, memory };
}

/** Milliseconds since the oldest tag that an answer lacks was written; 0 if it has all. */
function ageOf(text, written, askedAt) {
  const missing = written.findIndex((at, i) => at < askedAt && !text.includes(`"growing/${i}."`));
  return missing === -1 ? 0 : askedAt - written[missing];
}

const sideOf = ({ stack: { url, ownerKey } }) => ({ url, headers: { Authorization: `Bearer ${ownerKey}` } });

/** Lets training-ingest follow another directory, and restarts it. */
async function follow(system, directory, samples = 10) {
  const training = system.stack.parts.get('training-ingest');
  Object.assign(training.spec.env, {
    TENSORBOARD_LOGDIR: directory,
    TENSORBOARD_SAMPLES: `${samples}`,
    TENSORBOARD_RELOAD_INTERVAL: `${INTERVAL}`,
  });
  await training.restart();
}

/** Follows a directory with one small run. An empty one would count as a volume that is away, and keep the runs. */
function followIdle(system, beside) {
  const directory = path.join(beside, '..', IDLE);
  writeRun(directory, IDLE, eventFile(imageEvent(tagName(0), 1, anyImage(1000))));
  return follow(system, directory);
}

async function runsOf({ url, headers }) {
  return (await fetch(`${url}/data/runs`, { headers })).json();
}

/** Waits until the newest event of a tag is served. */
async function untilServed({ url, headers }, { run, tag, step }) {
  const isServed = async () => {
    const response = await fetch(url + listPath({ run, tag }), { headers });
    return response.ok && (await response.json()).at(-1)?.step === step;
  };
  await until(() => isServed().catch(() => false), READING_LIMIT_MS, 100);
}
