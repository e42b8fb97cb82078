import { eventually } from '@pentaprism/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { READY_WITHIN_MS, type FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, shuffled, wholeWithin, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { onStack } from './support/on-stack.js';
import { auditVision, trainingsOf } from './support/vision-audit.js';
import { VisionLoad } from './support/vision-load.js';

/** At full count: everyone who is in the way of an upload, a tagging, a training or a prediction. */
const KILLS: Readonly<Record<string, number>> = {
  worker: 12,
  'training-ingest': 12,
  catalog: 12,
  tagging: 8,
  insights: 8,
};
const MAX_DELAY_MS = 1500;
/** Milliseconds after the last kill: a lost job is missed after 20 s, and then needs a worker. */
const TRAINED_WITHIN_MS = 60_000;

/** Clients of Custom Vision go on while services are killed; then the system is held to everything that it said to them. */
export const visionUnderKills: Drill = {
  number: 19,
  name: 'training and batches under kills',
  goal:
    '52 kill -9 of worker, training-ingest, catalog, tagging and insights under uploads, taggings, deletions, trainings ' +
    'and predictions: nothing acknowledged lost, no image twice, every training at its end within 60 s.',
  // A client that was waiting for a killed service is answered up to a minute later.
  limitSeconds: 40 * 60,
  waits: true,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const random = context.random('kills');
  const targets = Object.entries(KILLS).flatMap(([name, full]) => Array<string>(context.count(full)).fill(name));
  const load = await VisionLoad.start(faulty, `${context.seed}`);
  let slowestMs = 0;
  try {
    for (const [index, name] of shuffled(random, targets).entries()) {
      await load.goesOn(wholeWithin(random, 2, 12));
      await sleep(wholeWithin(random, 0, MAX_DELAY_MS));
      const killedAt = performance.now();
      faulty.kill(name);
      await faulty.recovered(name);
      const readyMs = performance.now() - killedAt;
      slowestMs = Math.max(slowestMs, readyMs);
      context.log(`${index + 1}/${targets.length} ${name}: ready after ${Math.round(readyMs)} ms`);
    }
    await load.goesOn(20);
  } finally {
    await load.stop();
  }
  const { acknowledged, duplicates, taggings, deletions, projects, wrong } = load;
  const predictions = projects.reduce((sum, each) => sum + each.predictions.size, 0);
  context.log(`${acknowledged} images, ${duplicates} of them again, ${taggings} taggings, ${deletions} deletions, ${predictions} predictions`); // prettier-ignore
  const trainings = await trained(load);
  const stuck = trainings.filter(({ status }) => !['Completed', 'Failed'].includes(status));
  const failed = trainings.filter(({ status }) => status === 'Failed');
  const unexplained = failed.filter(({ trainingErrorDetails }) => !trainingErrorDetails);
  const completed = trainings.filter(({ status }) => status === 'Completed').length;
  context.log(`${completed} trainings completed, ${failed.length} failed: ${failed[0]?.trainingErrorDetails ?? '-'}`);
  const found = await auditVision(load);
  return {
    did: `${targets.length} kills, ${acknowledged} images, ${trainings.length} trainings`,
    measures: [
      { what: 'images acknowledged', worst: acknowledged, atLeast: 2 * targets.length },
      { what: 'taggings and deletions acknowledged', worst: taggings + deletions, atLeast: targets.length },
      { what: 'trainings completed', worst: completed, atLeast: 1 },
      none('trainings without an end', stuck),
      none('failures without a reason', unexplained),
      none('acknowledged and lost', found.lost),
      none('other bytes', found.corrupt),
      none('images that are there twice', found.twice),
      none('deleted and there', found.undead),
      none('counts that are wrong', found.miscounted),
      none('answers but success, 429, 503 and 504', wrong),
      { what: 'ready again by itself', worst: slowestMs, atMost: READY_WITHIN_MS, unit: 'ms' },
    ],
    examples: examplesOf({ ...found, stuck, unexplained, wrong }),
  };
}

/** Trainings when the last of them has ended, or when the time is over. */
async function trained(load: VisionLoad): Promise<Awaited<ReturnType<typeof trainingsOf>>> {
  const ended = async () => {
    const trainings = await trainingsOf(load);
    if (trainings.some(({ status }) => status === 'Training')) throw new Error('still training');
    return trainings;
  };
  return eventually(ended, { timeoutMs: TRAINED_WITHIN_MS, everyMs: 250 }).catch(() => trainingsOf(load));
}
