import type { Random } from '@pentaprism/domain';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, wholeWithin, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { sweepAreas } from './support/area-files.js';
import { PatientClient } from './support/dataset-client.js';
import { forEach } from './support/for-each.js';
import { onStack } from './support/on-stack.js';
import { projectFiles } from './support/project-files.js';
import { ProjectWay } from './support/project-way.js';
import { settled } from './support/settled.js';
import { sweepEverything } from './support/sweep.js';
import { sizeDifferences, systemSize } from './support/system-size.js';
import { whileShrinking } from './support/while-shrinking.js';

const [PROJECTS, LEAST_PROJECTS] = [100, 10];
/** Pictures of a file. */
const PICTURES = 12;
/** Pictures between the first ones of two projects, so that most contents belong to one project. */
const FIRST_STEP = 100;
/** Projects at once. */
const LANES = 4;
const MAX_DELAY_MS = 3000;
/** Milliseconds without anything removed. The record of a project whose creation was ended stays for 120 s. */
const STALLED_MS = 180_000;

/** A job that was started in the moment in which its project was deleted. */
const FAILED_WITHOUT_PROJECT = /^jobs: .*"state":"failed".*"code":"NOT_FOUND"/;

/** How far projects get before they are deleted. */
const FATES: readonly Fate[] = [
  {
    name: 'while it is imported',
    live: async (way, random) => {
      await way.upload();
      await sleep(wholeWithin(random, 0, MAX_DELAY_MS));
    },
  },
  {
    name: 'while models are trained',
    live: async (way, random) => {
      await way.completed(`status/${await way.upload()}/`);
      await way.completed(await way.setTarget());
      await sleep(wholeWithin(random, 0, MAX_DELAY_MS));
    },
  },
  {
    name: 'while insights and predictions are computed',
    live: async (way, random) => {
      const models = await way.withModels();
      await way.requestInsights(models);
      await way.requestPredictions(models);
      await sleep(wholeWithin(random, 0, MAX_DELAY_MS));
    },
  },
  { name: 'after everything', live: async (way) => void (await way.whole()) },
];

interface Fate {
  readonly name: string;
  /** Does what happens before the deletion. */
  live(way: ProjectWay, random: Random): Promise<void>;
}

/** Projects that are deleted at each stage of their lives leave nothing. */
export const projectsMadeAndDeleted: Drill = {
  number: 25,
  name: 'projects made and deleted',
  goal:
    '100 projects with models, insights and predictions are made and deleted with their datasets, half of them while their ' +
    'jobs run: collections, blobs and queues as before, and another project as it was.',
  limitSeconds: 60 * 60,
  byHand: true,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const [client, random] = [await PatientClient.create(faulty, 'deleted'), context.random('deletions')];
  context.log('making the project that stays');
  const kept = await keptProject(client);
  await settled(faulty);
  // The upload of a dataset is removed after its import.
  await sweepAreas(faulty);
  const before = await systemSize(faulty);
  const shown = await kept.shown();
  const count = Math.max(LEAST_PROJECTS, context.count(PROJECTS));
  const failures: string[] = [];
  let done = 0;
  await forEach(Array.from({ length: count }), LANES, async (_, index) => {
    const fate = FATES[index % FATES.length] as Fate;
    await liveAndDie(client, index, fate, random).catch((error: unknown) => failures.push(`${fate.name}: ${error}`));
    if (++done % 10 === 0) context.log(`${done}/${count} projects`);
  });
  context.log('waiting for what is under way');
  const unfinished = (await settled(faulty)).filter((line) => !FAILED_WITHOUT_PROJECT.test(line));
  context.log('sweeping');
  const differences = async () => sizeDifferences(before, await systemSize(faulty));
  await whileShrinking(async () => await amountLeft(faulty, before), { stalledMs: STALLED_MS });
  const [store, areas] = await Promise.all([sweepEverything(faulty), sweepAreas(faulty)]);
  await whileShrinking(async () => await amountLeft(faulty, before), { stalledMs: STALLED_MS });
  const left = await differences();
  const [orphans, missing] = [
    [...store.orphans, ...areas.more],
    [...store.missing, ...areas.less],
  ];
  const changed = (await kept.shown()) === shown ? [] : [`${kept.path} is not as it was`];
  return {
    did: `${count} projects made and deleted`,
    measures: [
      { what: 'projects deleted', worst: count - failures.length, atLeast: count },
      none('projects that did not get to their deletion', failures),
      none('jobs, contents, facts unfinished', unfinished),
      none('collections, areas and queues that are not as before', left),
      none('files without a record after the sweep', orphans),
      none('files that are missing', missing),
      none('other projects that changed', changed),
      none('answers but the expected ones', client.wrongAnswers),
    ],
    examples: examplesOf({ failures, unfinished, left, orphans, missing, changed, wrong: client.wrongAnswers }, 20),
  };
}

async function keptProject(client: PatientClient): Promise<ProjectWay> {
  const [file] = await projectFiles(PICTURES);
  if (!file) throw new Error('no file');
  const way = new ProjectWay(client, file, 'kept');
  await way.whole();
  return way;
}

async function liveAndDie(client: PatientClient, index: number, fate: Fate, random: Random): Promise<void> {
  const files = await projectFiles(PICTURES, (index + 1) * FIRST_STEP);
  const file = files[index % files.length];
  if (!file) throw new Error('no file');
  const way = new ProjectWay(client, file, `project ${index}`);
  await fate.live(way, random);
  await way.remove();
}

/** Returns how many documents, files and jobs there are too many or too few. */
async function amountLeft(faulty: FaultyStack, before: ReadonlyMap<string, number>): Promise<number> {
  const after = await systemSize(faulty);
  return [...after].reduce((sum, [name, is]) => sum + Math.abs(is - (before.get(name) ?? 0)), 0);
}
