import { eventually } from '@pentaprism/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { READY_WITHIN_MS, type FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, wholeWithin, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { sweepAreas } from './support/area-files.js';
import { onStack } from './support/on-stack.js';
import { PatientClient } from './support/dataset-client.js';
import { projectFiles, type ProjectFile } from './support/project-files.js';
import { ProjectLoad } from './support/project-load.js';
import { ProjectWay, type ProjectResult } from './support/project-way.js';
import { settled } from './support/settled.js';
import { sweepEverything } from './support/sweep.js';

const KILLS = 20;
/** What is interrupted in turn. */
const TYPES = [
  'candidate.train',
  'insight.activation-maps',
  'insight.embeddings',
  'candidate.predict',
  'content.embed',
];
/** Pictures of a file. At least so many that jobs take long enough to be interrupted. */
const [PICTURES, LEAST_PICTURES] = [60, 24];
const MAX_DELAY_MS = 500;
/** Milliseconds until a job of each type runs again. */
const RUNS_WITHIN_MS = 240_000;
/** Kills for each one that has to interrupt a job of its type: such a job may end in the moment before. */
const ATTEMPTS = 3;

/** The worker is killed while models are trained, predict and are explained, which has to end as if nothing had happened. */
export const modelsUnderKills: Drill = {
  number: 24,
  name: 'models and insights under kills',
  goal:
    '20 kill -9 of the worker under trainings, predictions, embeddings and activation maps in several projects: each job ' +
    'completes once with the results of an undisturbed run, nothing runs again that was not interrupted.',
  limitSeconds: 60 * 60,
  byHand: true,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const files = await projectFiles(Math.max(LEAST_PICTURES, context.count(PICTURES)));
  context.log('making a project of each file undisturbed');
  const references = new Map<ProjectFile, ProjectResult>();
  const undisturbed = await PatientClient.create(faulty, 'undisturbed');
  for (const file of files) references.set(file, await new ProjectWay(undisturbed, file, file.fileName).whole());
  const load = ProjectLoad.start(faulty, references);
  let killed: Awaited<ReturnType<typeof kills>>;
  try {
    killed = await kills(faulty, context);
  } finally {
    await load.stop();
  }
  context.log(`${load.completed} projects, waiting for what is under way`);
  const unfinished = await settled(faulty);
  const again = await ranAgain(faulty, killed.interruptions);
  const overlays = await wrongOverlays(faulty);
  context.log('sweeping');
  const [store, areas] = await Promise.all([sweepEverything(faulty), sweepAreas(faulty)]);
  const [orphans, missing] = [
    [...store.orphans, ...areas.more],
    [...store.missing, ...areas.less],
  ];
  const { failures, different } = load;
  return {
    did: `${killed.count} kills, ${load.completed} projects`,
    measures: [
      { what: 'kills that interrupted the work in turn', worst: killed.hits, atLeast: context.count(KILLS) },
      { what: 'projects', worst: load.completed, atLeast: files.length },
      none('projects that did not get to their end', failures),
      none('results that differ from an undisturbed run', different),
      none('jobs, contents, facts unfinished', unfinished),
      none('jobs that ran again without being interrupted', again),
      none('overlays that are missing, or there twice', overlays),
      none('answers but the expected ones', load.wrongAnswers),
      none('files without a record after the sweep', orphans),
      none('files that are missing', missing),
      { what: 'ready again by itself', worst: killed.slowestMs, atMost: READY_WITHIN_MS, unit: 'ms' },
    ],
    examples: examplesOf({
      failures,
      different,
      unfinished,
      again,
      overlays,
      orphans,
      missing,
      wrong: load.wrongAnswers,
    }),
  };
}

/** Kills the worker while a job of each type in turn runs. */
async function kills(faulty: FaultyStack, context: DrillContext) {
  const [wanted, random] = [context.count(KILLS), context.random('kills')];
  const interruptions = new Map<string, number>();
  let [count, hits, slowestMs, killedAt] = [0, 0, 0, new Date(0)];
  for (; hits < wanted && count < ATTEMPTS * wanted; count++) {
    const type = TYPES[hits % TYPES.length] as string;
    await untilRuns(faulty, type, killedAt);
    // Some jobs end sooner.
    if (type !== 'content.embed') await sleep(wholeWithin(random, 0, MAX_DELAY_MS));
    const since = performance.now();
    faulty.kill('worker');
    killedAt = new Date();
    const interrupted = await faulty.database.collection('jobs').find({ state: 'running' }).toArray();
    for (const { _id } of interrupted) interruptions.set(String(_id), (interruptions.get(String(_id)) ?? 0) + 1);
    const isHit = interrupted.some((job) => job.type === type);
    if (isHit) hits++;
    await faulty.recovered('worker');
    slowestMs = Math.max(slowestMs, performance.now() - since);
    context.log(`${hits}/${wanted} ${type}${isHit ? '' : ' had ended'}: ${interrupted.length} jobs interrupted`);
  }
  return { count, hits, slowestMs, interruptions };
}

/** What a killed worker had stays in this state until it is missed. */
async function untilRuns({ database }: FaultyStack, type: string, after: Date): Promise<void> {
  const runs = async () => {
    const filter = { type, state: 'running', startedAt: { $gt: after } };
    if ((await database.collection('jobs').countDocuments(filter)) === 0) throw new Error(`no ${type} runs`);
  };
  await eventually(runs, { timeoutMs: RUNS_WITHIN_MS, everyMs: 10 });
}

/** Returns the jobs that were started more often than they were interrupted, once more. */
async function ranAgain({ database }: FaultyStack, interruptions: ReadonlyMap<string, number>): Promise<string[]> {
  const jobs = await database.collection('jobs').find({ starts: { $gt: 1 } }).toArray(); // prettier-ignore
  return jobs
    .filter(({ _id, starts }) => Number(starts) - 1 > (interruptions.get(String(_id)) ?? 0))
    .map(
      ({ _id, type, starts }) =>
        `${type} ${_id}: ${starts} starts, ${interruptions.get(String(_id)) ?? 0} interruptions`,
    );
}

/** Returns the activation maps whose overlays are not exactly those that they list. */
async function wrongOverlays({ database }: FaultyStack): Promise<string[]> {
  const wrong: string[] = [];
  const insights = await database.collection('image_insights').find({ kind: 'activation-maps' }).toArray();
  for (const { _id, columns } of insights) {
    const listed = (columns as { images: number }[]).reduce((sum, { images }) => sum + images, 0);
    const there = await database.collection('overlays').countDocuments({ insight: _id });
    if (there !== listed || listed === 0) wrong.push(`${_id}: ${there} overlays of ${listed} maps`);
  }
  const known = insights.map(({ _id }) => _id);
  const alone = await database.collection('overlays').countDocuments({ insight: { $nin: known } });
  return alone > 0 ? [...wrong, `${alone} overlays without maps`] : wrong;
}
