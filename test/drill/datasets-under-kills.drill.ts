import { eventually } from '@pentaprism/testing';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { READY_WITHIN_MS, type FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, shuffled, wholeWithin, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { PatientClient } from './support/dataset-client.js';
import { datasetFiles, type DatasetFile } from './support/dataset-files.js';
import { DatasetLoad, type UploadedDataset } from './support/dataset-load.js';
import { removedDatasets, storedDataset, sweepDatasets, type StoredDataset } from './support/dataset-records.js';
import { onStack } from './support/on-stack.js';
import { sweepEverything } from './support/sweep.js';

const KILLS: Readonly<Record<string, number>> = { worker: 20, 'training-ingest': 4, catalog: 4 };
/** Different files. Each kind is there at any scale. */
const [FILES, LEAST_FILES] = [12, 4];
/** Pictures of each file: at least so many that an import takes seconds. */
const [PICTURES, LEAST_PICTURES] = [200, 80];
/** Milliseconds: an import takes about as long. */
const MAX_DELAY_MS = 4000;
/** Milliseconds until an import runs again: a lock of 12 s and a check every 2 s find a lost one. */
const RUNS_WITHIN_MS = 90_000;

/** Imports are interrupted by kills, deletions and clients that break off, and have to end as if nothing had happened. */
export const datasetsUnderKills: Drill = {
  number: 22,
  name: 'datasets under kills',
  goal:
    '28 kill -9 of worker, training-ingest and catalog under uploads, imports and deletions of datasets: each acknowledged ' +
    'dataset complete, once, as an undisturbed import of the same bytes; nothing left of the deleted ones.',
  limitSeconds: 30 * 60,
  waits: true,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const counts = {
    count: Math.max(LEAST_FILES, context.count(FILES)),
    each: Math.max(LEAST_PICTURES, context.count(PICTURES)),
  };
  const files = await datasetFiles(`${context.seed}`, counts);
  context.log('importing each file undisturbed');
  const undisturbed = await PatientClient.create(faulty, 'undisturbed');
  const references = new Map<DatasetFile, StoredDataset>();
  for (const file of files) references.set(file, await imported(faulty, undisturbed, file));
  const load = await DatasetLoad.start(faulty, files, context.random('load'));
  let killed: Awaited<ReturnType<typeof kills>>;
  try {
    killed = await kills(faulty, context);
    await load.goesOn(context.count(FILES));
  } finally {
    await load.stop();
  }
  const { acknowledged, doubtful, brokenOff, deletedEarly } = load;
  context.log(`${acknowledged.length} datasets, ${doubtful.size} in doubt, ${brokenOff} broken off, ${deletedEarly} deleted early`); // prettier-ignore
  const remains = await removedDatasets(faulty);
  const audited = await audit(faulty, load, references);
  const found = await removeAll(faulty, context, [...load.clients, undisturbed]);
  const wrongAnswers = [...load.wrongAnswers, ...undisturbed.wrongAnswers];
  return {
    did: `${killed.count} kills, ${acknowledged.length} datasets, ${brokenOff} uploads broken off`,
    measures: [
      { what: 'datasets acknowledged', worst: acknowledged.length, atLeast: context.count(FILES) },
      { what: 'imports that a kill of the worker interrupted', worst: killed.interrupted, atLeast: killed.ofWorker },
      { what: 'datasets deleted during their import', worst: deletedEarly, atLeast: 1 },
      none('acknowledged and not complete', audited.lost),
      none('datasets that differ from an undisturbed import', audited.different),
      none('datasets that are there twice, or that no client uploaded', audited.unexplained),
      none('deleted and there', audited.undead),
      none('documents and holds left of deleted datasets', [...remains, ...found.left]),
      none('answers but success, 503 and 504', wrongAnswers),
      none('files without a record after the sweep', found.orphans),
      none('files that are missing', found.missing),
      { what: 'ready again by itself', worst: killed.slowestMs, atMost: READY_WITHIN_MS, unit: 'ms' },
    ],
    examples: examplesOf({ ...audited, remains, ...found, wrongAnswers }),
  };
}

/** Compares the files with the records, then deletes all datasets and compares again. */
async function removeAll(faulty: FaultyStack, context: DrillContext, clients: readonly PatientClient[]) {
  context.log('sweeping');
  const before = await sweepDatasets(faulty);
  context.log('deleting all');
  const left = await deleteAll(faulty, clients);
  context.log('sweeping again');
  // At once: most of a sweep is waiting for the start of its service.
  const [store, after] = await Promise.all([sweepEverything(faulty), sweepDatasets(faulty)]);
  return {
    left,
    orphans: [...before.more, ...after.more, ...store.orphans, ...store.temporary],
    missing: [...before.less, ...after.less, ...store.missing],
  };
}

async function imported(faulty: FaultyStack, client: PatientClient, file: DatasetFile): Promise<StoredDataset> {
  const { body } = await client.upload(file.bytes, file.fileName);
  const { status, bytes } = await client.ended(body.statusId);
  const stored = await storedDataset(faulty.database, body.catalogId);
  if (status !== 303 || !stored?.findings.length || !stored.images.length)
    throw new Error(`not imported: ${bytes.toString()}`);
  return stored;
}

/** Kills parts while an import runs. */
async function kills(faulty: FaultyStack, context: DrillContext) {
  const random = context.random('kills');
  const targets = Object.entries(KILLS).flatMap(([name, full]) => Array<string>(context.count(full)).fill(name));
  let [slowestMs, interrupted] = [0, 0];
  let workerKilledAt = new Date(0);
  // What a killed worker had stays in this state until it is missed.
  const running = async () => {
    const filter = { type: 'dataset.import', state: 'running', startedAt: { $gt: workerKilledAt } };
    const found = await faulty.database.collection('jobs').countDocuments(filter);
    if (found === 0) throw new Error('no import runs');
    return found;
  };
  for (const [index, name] of shuffled(random, targets).entries()) {
    await eventually(running, { timeoutMs: RUNS_WITHIN_MS, everyMs: 50 });
    await sleep(wholeWithin(random, 0, MAX_DELAY_MS));
    const atWork = await eventually(running, { timeoutMs: RUNS_WITHIN_MS, everyMs: 50 });
    const killedAt = performance.now();
    faulty.kill(name);
    if (name === 'worker') {
      workerKilledAt = new Date();
      interrupted += atWork;
    }
    await faulty.recovered(name);
    const readyMs = performance.now() - killedAt;
    slowestMs = Math.max(slowestMs, readyMs);
    context.log(`${index + 1}/${targets.length} ${name}: ${atWork} imports ran, ready after ${Math.round(readyMs)} ms`);
  }
  return {
    count: targets.length,
    ofWorker: targets.filter((name) => name === 'worker').length,
    slowestMs,
    interrupted,
  };
}

async function audit(faulty: FaultyStack, load: DatasetLoad, references: ReadonlyMap<DatasetFile, StoredDataset>) {
  const found = {
    lost: [] as string[],
    different: [] as string[],
    undead: [] as string[],
    unexplained: [] as string[],
  };
  for (const dataset of load.acknowledged) {
    if (dataset.deleted) found.undead.push(...(await undead(faulty, dataset)));
    else {
      const reference = references.get(dataset.file);
      if (!reference) throw new Error('a file without a reference');
      const { lost, different } = await differences(faulty, dataset, reference);
      found.lost.push(...lost);
      found.different.push(...different);
    }
  }
  for (const client of load.clients) {
    const names = (await client.list()).map(({ name }) => String(name));
    const acknowledged = load.acknowledged.filter((each) => each.client === client && !each.deleted);
    const expected = new Set(acknowledged.map(({ name }) => name));
    const isKnown = (name: string) => expected.has(name) || load.doubtful.has(name);
    found.unexplained.push(...names.filter((name, i) => !isKnown(name) || names.indexOf(name) !== i));
  }
  return found;
}

async function undead({ database }: FaultyStack, { id, name, client }: UploadedDataset): Promise<string[]> {
  const { status } = await client.ask('GET', `datasets/${id}/`, [200, 404]);
  const stored = await storedDataset(database, id);
  return status === 404 && !stored ? [] : [`${name}: ${status} ${stored?.record}`];
}

/** Compares a dataset with the undisturbed import of the same bytes, in the API and in the database. */
async function differences(
  faulty: FaultyStack,
  { id, name, client, failure }: UploadedDataset,
  reference: StoredDataset,
): Promise<{ lost: string[]; different: string[] }> {
  if (failure) return { lost: [failure], different: [] };
  const { status, body } = await client.ask('GET', `datasets/${id}/`, [200, 404]);
  const stored = await storedDataset(faulty.database, id);
  if (status !== 200 || body.processingState !== 'COMPLETED' || !stored)
    return { lost: [`${name}: ${status} ${body?.processingState}`], different: [] };
  const different: string[] = [];
  for (const part of ['record', 'columns', 'images', 'findings'] as const) {
    const [is, was] = [[stored[part]].flat(), [reference[part]].flat()];
    if (JSON.stringify(is) !== JSON.stringify(was)) different.push(`${name}: ${part}: ${shownDifference(is, was)}`);
  }
  if (JSON.stringify(stored.held) !== JSON.stringify(stored.hashes))
    different.push(`${name}: holds: ${shownDifference(stored.held, stored.hashes)}`);
  const table = await client.ask('GET', `datasets/${id}/file/`, [200]);
  const sha256 = createHash('sha256').update(table.bytes).digest('hex');
  if (sha256 !== reference.table) different.push(`${name}: its file has the hash ${sha256}`);
  return { lost: [], different };
}

function shownDifference(is: readonly string[], was: readonly string[]): string {
  const [more, less] = [is.filter((line) => !was.includes(line)), was.filter((line) => !is.includes(line))];
  return `${is.length} instead of ${was.length}, more ${more.slice(0, 2).join()}, less ${less.slice(0, 2).join()}`;
}

/** Deletes all datasets. Returns what is left of them. */
async function deleteAll(faulty: FaultyStack, clients: readonly PatientClient[]): Promise<string[]> {
  for (const client of clients)
    for (const { datasetId } of await client.list()) await client.ask('DELETE', `datasets/${datasetId}/`, [204]);
  const clung = await removedDatasets(faulty);
  const left = await faulty.database.collection('datasets').countDocuments({});
  return left > 0 ? [...clung, `${left} datasets`] : clung;
}
