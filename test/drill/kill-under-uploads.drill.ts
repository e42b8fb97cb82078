import { setTimeout as sleep } from 'node:timers/promises';
import { UploadLoad } from '../e2e/support/faults-load.js';
import { READY_WITHIN_MS, type FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, shuffled, wholeWithin, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { audit } from './support/audit.js';
import { auditRadiographs } from './support/radiograph-audit.js';
import { RadiographLoad } from './support/radiograph-load.js';
import { settled } from './support/settled.js';
import { sweepEverything } from './support/sweep.js';
import { onStack } from './support/on-stack.js';

/** At full count: what the goal names, and the services between them, which are in the way of every upload. */
const KILLS: Readonly<Record<string, number>> = {
  gateway: 20,
  worker: 20,
  mongod: 20,
  'nats-server': 20,
  'valkey-server': 20,
  catalog: 5,
  tagging: 5,
  'training-ingest': 5,
  augmentation: 5,
};
/** Milliseconds that a client waits between two uploads: the analysis of all of them has to keep up on two cores. */
const PAUSE_MS = 60;
const MAX_DELAY_MS = 700;

/** Clients upload and delete while parts are killed; then the system is held to everything that it said to them. */
export const killUnderUploads: Drill = {
  number: 1,
  name: 'kill -9 under uploads',
  goal:
    '120 kill -9 (20 each of gateway, worker, mongod, nats-server, valkey-server, 5 each of four services) under ' +
    'uploads: nothing acknowledged lost or corrupt, nothing refused kept, no orphan, no temporary file after the sweep.',
  limitSeconds: 30 * 60,
  waits: true,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const random = context.random('kills');
  const targets = Object.entries(KILLS).flatMap(([name, full]) => Array<string>(context.count(full)).fill(name));
  const radiographs = await RadiographLoad.start(faulty, `${context.seed}`);
  const load = new UploadLoad(faulty, { seed: `${context.seed}`, pauseMs: PAUSE_MS });
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
    await load.goesOn();
  } finally {
    await Promise.all([load.stop(), radiographs.stop()]);
  }
  const { attempts, acknowledged } = load;
  const { acknowledged: kept, refused } = radiographs;
  context.log(`${acknowledged} of ${attempts.length} uploads acknowledged; waiting for what is under way`);
  context.log(`${kept} of ${radiographs.attempts.length} radiographs acknowledged, ${refused} refused`);
  const unfinished = await settled(faulty);
  context.log('reading everything back');
  const { lost, corrupt, unexplained, miscounted } = await audit(faulty, attempts);
  const sensed = await auditRadiographs(faulty, radiographs);
  context.log('sweeping');
  const { orphans, missing, temporary } = await sweepEverything(faulty);
  const after = await audit(faulty, attempts);
  const sensedAfter = await auditRadiographs(faulty, radiographs);
  const wrongAnswers = [...load.wrongAnswers, ...radiographs.wrongAnswers];
  const found = {
    ...{ 'wrong answer': wrongAnswers, miscounted, unfinished, orphans, missing, temporary },
    lost: [...lost, ...sensed.lost],
    corrupt: [...corrupt, ...sensed.corrupt],
    'lost by the sweep': [...after.lost, ...sensedAfter.lost],
    'corrupt after the sweep': [...after.corrupt, ...sensedAfter.corrupt],
    refused: [...sensed.kept, ...sensedAfter.kept],
    unexplained: [...unexplained, ...sensed.unexplained],
  };
  return {
    did: `${targets.length} kills, ${acknowledged} uploads, ${kept + refused} radiographs`,
    measures: [
      { what: 'uploads acknowledged', worst: acknowledged, atLeast: 2 * targets.length },
      { what: 'radiographs acknowledged', worst: kept, atLeast: targets.length },
      { what: 'radiographs refused', worst: refused, atLeast: Math.ceil(targets.length / 4) },
      none('acknowledged and lost', [...found.lost, ...found['lost by the sweep']]),
      none('corrupt', [...found.corrupt, ...found['corrupt after the sweep']]),
      none('refused and kept', found.refused),
      none('records that nobody sent, or twice', found.unexplained),
      none('totals that are wrong', miscounted),
      none('answers but success, 503 and 504', wrongAnswers),
      none('jobs, contents, facts unfinished', unfinished),
      none('orphans after the sweep', orphans),
      none('bytes missing', missing),
      none('temporary files after the sweep', temporary),
      { what: 'ready again by itself', worst: slowestMs, atMost: READY_WITHIN_MS, unit: 'ms' },
    ],
    examples: examplesOf(found),
  };
}
