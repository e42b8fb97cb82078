import { addressesIn } from '@pentaprism/bus';
import { streamName } from '@pentaprism/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { APPS } from '@pentaprism/local';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { UploadLoad } from '../e2e/support/faults-load.js';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import {
  examplesOf,
  none,
  pick,
  shuffled,
  wholeWithin,
  type Drill,
  type DrillContext,
  type DrillResult,
} from './drill.js';
import { audit } from './support/audit.js';
import { SampleJobs } from './support/sample-jobs.js';
import { settled } from './support/settled.js';
import type { Random } from '@pentaprism/domain';
import { onStack } from './support/on-stack.js';

const OUTAGE_MS = 20_000;
const READY_WITHIN_MS = 10_000;
/** Milliseconds after which a system that is not ready counts as never ready. */
const GIVEN_UP_AFTER_MS = 60_000;
const UPLOAD_PAUSE_MS = 100;
const JOB_EVERY_MS = 1500;

interface Fault {
  readonly name: string;
  readonly full: number;
  /** Resolves when the server is back. */
  happen(faulty: FaultyStack, random: Random): Promise<void>;
}

const FAULTS: readonly Fault[] = [
  { name: 'FLUSHALL', full: 5, happen: flushValkey },
  { name: 'outage of Valkey', full: 5, happen: takeValkeyAway },
  { name: 'restart of NATS', full: 10, happen: restartNats },
  { name: 'lost stream', full: 2, happen: loseStreams },
];

/** The servers go and come back while apps work on: none of them may need a restart to go on. */
export const serverOutages: Drill = {
  number: 3,
  name: 'server outages',
  goal:
    '5 FLUSHALL, 5 outages of Valkey of 20 s, 10 restarts of NATS and 2 lost streams under load: all jobs end, no app ' +
    'restarts, ready within 10 s.',
  limitSeconds: 15 * 60,
  waits: true,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const random = context.random('faults');
  const apps = APPS.map(({ name }) => faulty.part(name));
  const pids = apps.map(({ pid }) => pid);
  const jobs = await SampleJobs.start(faulty, context.random('photos'));
  const load = new UploadLoad(faulty, { seed: `${context.seed}`, pauseMs: UPLOAD_PAUSE_MS });
  const over = new AbortController();
  const asking = askForJobs(jobs, over.signal);
  const faults = FAULTS.flatMap((fault) => Array<Fault>(context.count(fault.full)).fill(fault));
  let slowestMs = 0;
  try {
    for (const [index, fault] of shuffled(random, faults).entries()) {
      await load.goesOn(wholeWithin(random, 4, 20));
      await sleep(wholeWithin(random, 0, 2000));
      await fault.happen(faulty, random);
      const readyMs = await untilReady(faulty.stack.url);
      slowestMs = Math.max(slowestMs, readyMs);
      context.log(`${index + 1}/${faults.length} ${fault.name}: ready after ${Math.round(readyMs)} ms`);
    }
    await load.goesOn();
  } finally {
    over.abort();
    await Promise.all([load.stop(), asking]);
  }
  context.log('waiting for what is under way');
  const unfinished = await settled(faulty);
  const wrongs = await jobs.wrongs();
  await jobs.stop();
  const restarted = apps.filter(({ pid }, i) => pid !== pids[i]).map(({ name }) => name);
  const { lost, corrupt, unexplained, miscounted } = await audit(faulty, load.attempts);
  const found = {
    'wrong answer': load.wrongAnswers,
    lost,
    corrupt,
    unexplained,
    miscounted,
    unfinished,
    wrongs,
    restarted,
  };
  return {
    did: `${faults.length} faults, ${load.acknowledged} uploads, ${jobs.ids.length} jobs of samples`,
    measures: [
      { what: 'jobs of samples', worst: jobs.ids.length, atLeast: faults.length },
      none('jobs, contents, facts unfinished', unfinished),
      none('jobs without exactly their samples', wrongs),
      none('apps that restarted', restarted),
      none('uploads lost, corrupt, unexplained, miscounted', [...lost, ...corrupt, ...unexplained, ...miscounted]),
      none('answers but success, 503 and 504', load.wrongAnswers),
      { what: 'ready after the server is back', worst: slowestMs, atMost: READY_WITHIN_MS, unit: 'ms' },
    ],
    examples: examplesOf(found),
  };
}

async function askForJobs(jobs: SampleJobs, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await jobs.submit();
    await sleep(JOB_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function untilReady(url: string): Promise<number> {
  const since = performance.now();
  for (;;) {
    const ready = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5000) }).then(
      async (response) => (await response.text()) !== '' && response.status === 200,
      () => false,
    );
    const milliseconds = performance.now() - since;
    if (ready || milliseconds > GIVEN_UP_AFTER_MS) return milliseconds;
    await sleep(50);
  }
}

async function flushValkey({ stack }: FaultyStack): Promise<void> {
  const valkey = new Redis(stack.servers.redisUrl);
  await valkey.flushall();
  await valkey.quit();
}

/** Gone, or there and silent: connections that are refused and connections that hang are different to wait for. */
async function takeValkeyAway(faulty: FaultyStack, random: Random): Promise<void> {
  const valkey = faulty.part('valkey-server');
  if (random() < 0.5) {
    await valkey.stop();
    await sleep(OUTAGE_MS);
    await valkey.start();
    return;
  }
  valkey.kill('SIGSTOP');
  await sleep(OUTAGE_MS);
  valkey.kill('SIGCONT');
}

async function restartNats(faulty: FaultyStack, random: Random): Promise<void> {
  const nats = faulty.part('nats-server');
  nats.kill(pick(random, ['SIGTERM', 'SIGKILL'] as const));
  await nats.waitUntilRunning(GIVEN_UP_AFTER_MS);
}

/** With all consumers, and whatever they had not heard yet. */
async function loseStreams({ stack }: FaultyStack): Promise<void> {
  const nats = await connect(addressesIn(stack.servers.natsUrl));
  const { streams } = await jetstreamManager(nats);
  for (const kind of ['FACTS', 'DEAD'] as const) await streams.delete(streamName('', kind));
  await nats.close();
}
