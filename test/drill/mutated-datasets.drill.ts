import { APPS } from '@pentaprism/local';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { PatientClient } from './support/dataset-client.js';
import { removedDatasets, sweepDatasets } from './support/dataset-records.js';
import { forEach } from './support/for-each.js';
import { MutatedDatasets, type MutatedFile } from './support/mutated-datasets.js';
import { onStack } from './support/on-stack.js';
import { sweepEverything } from './support/sweep.js';

const MUTATIONS = 2_000;
/** Uploads at once. */
const LANES = 4;
/** Statuses of uploads that are refused before their import, such as empty files. */
const REFUSED = [413, 415, 422];
/** Milliseconds between looks at how far it is. */
const LOG_MS = 10_000;

/** Accidents in the bytes of archives and tables: each upload ends as a dataset or with a message, and can be deleted. */
export const mutatedDatasets: Drill = {
  number: 23,
  name: 'mutated archives and tables',
  goal:
    '2,000 mutated zip archives and tables: no 5xx, no app restarts, each is a dataset or an error with a message that ' +
    'says why, and after all were deleted neither a document nor a file is left.',
  limitSeconds: 20 * 60,
  run: onStack(run),
};

interface Found {
  readonly outcomes: Map<string, number>;
  /** Messages of failed imports with how often they were seen. */
  readonly messages: Map<string, number>;
  readonly unexplained: string[];
  readonly undeletable: string[];
}

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const client = await PatientClient.create(faulty, 'mutated');
  const mutations = await MutatedDatasets.create(context.random('mutations'), `${context.seed}`);
  const pids = pidsOf(faulty);
  const found: Found = { outcomes: new Map(), messages: new Map(), unexplained: [], undeletable: [] };
  const count = context.count(MUTATIONS);
  let done = 0;
  const timer = setInterval(() => context.log(`${done}/${count}`), LOG_MS);
  try {
    // Drawn when its turn begins, in order: what becomes of one does not change the next.
    await forEach(Array<undefined>(count).fill(undefined), LANES, async () => {
      await sendAndDelete(client, mutations.next(), found);
      done += 1;
    });
  } finally {
    clearInterval(timer);
  }
  const told = (counts: ReadonlyMap<string, number>) => [...counts].map(([what, times]) => `${what}: ${times}`);
  context.log(told(found.outcomes).join(', '));
  for (const line of told(found.messages)) context.log(line);
  const restarted = pidsOf(faulty).flatMap(({ name, pid }, i) => (pid === pids[i]?.pid ? [] : [name]));
  const works = await worksStill(client, mutations);
  const left = await removedDatasets(faulty);
  const datasets = await faulty.database.collection('datasets').countDocuments({});
  // At once: most of a sweep is waiting for the start of its service.
  const [store, files] = await Promise.all([sweepEverything(faulty), sweepDatasets(faulty)]);
  const orphans = [...store.orphans, ...store.temporary, ...files.more];
  const { unexplained, undeletable } = found;
  const imported = found.outcomes.get('dataset') ?? 0;
  return {
    did: `${count} uploads, ${imported} datasets`,
    measures: [
      none('5xx and other wrong answers', client.wrongAnswers),
      none('errors without a message that says why', unexplained),
      { what: 'uploads that became datasets', worst: imported, atLeast: Math.floor(count / 20) },
      { what: 'uploads that ended with an error', worst: found.outcomes.get('error') ?? 0, atLeast: Math.floor(count / 20) }, // prettier-ignore
      none('apps that restarted', restarted),
      { what: 'works afterwards', worst: works ? 1 : 0, atLeast: 1 },
      none('datasets that cannot be deleted', undeletable),
      none('documents and holds left', left),
      { what: 'datasets left', worst: datasets, atMost: 0 },
      none('files left after the sweep', orphans),
    ],
    examples: examplesOf({ wrong: client.wrongAnswers, unexplained, undeletable, restarted, left, orphans }, 6),
  };
}

async function sendAndDelete(client: PatientClient, file: MutatedFile, found: Found): Promise<void> {
  const raise = (counts: Map<string, number>, what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const uploaded = await client.upload(file.bytes, file.fileName, [202, ...REFUSED]);
  if (uploaded.status !== 202) return void raise(found.outcomes, `refused with ${uploaded.status}`);
  const { catalogId, statusId } = uploaded.body;
  const { status, body } = await client.ended(statusId);
  if (status === 303) {
    raise(found.outcomes, 'dataset');
    const { bytes } = await client.ask('GET', `datasets/${catalogId}/file/`, [200]);
    const log = await client.ask('GET', `datasets/${catalogId}/findings/`, [200]);
    const deleted = await client.ask('DELETE', `datasets/${catalogId}/`, [204]);
    if (deleted.status !== 204 || bytes.length === 0 || log.status !== 200) found.undeletable.push(shown(file));
    return;
  }
  raise(found.outcomes, 'error');
  raise(found.messages, String(body?.message).replace(/\d+|"[^"]*"/g, '#'));
  const explains = /^["A-Z].{10,}\.$/.test(String(body?.message)) && !/went wrong|was started/.test(body.message);
  if (body?.status !== 'ERROR' || body.code !== 1 || !explains)
    found.unexplained.push(`${shown(file)} -> ${JSON.stringify(body)}`);
}

async function worksStill(client: PatientClient, mutations: MutatedDatasets): Promise<boolean> {
  const { body } = await client.upload(mutations.whole, 'whole.zip');
  const { status } = await client.ended(body.statusId);
  await client.ask('DELETE', `datasets/${body.catalogId}/`, [204]);
  return status === 303;
}

function pidsOf(faulty: FaultyStack) {
  return APPS.map(({ name }) => ({ name, pid: faulty.part(name).pid }));
}

function shown({ title, fileName, bytes }: MutatedFile): string {
  return `${title}, ${fileName}, ${bytes.length} bytes ${JSON.stringify(bytes.toString('latin1').slice(0, 200))}`;
}
