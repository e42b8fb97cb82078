import { APPS } from '@pentaprism/local';
import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult, type Measure } from './drill.js';
import { fillCache } from './support/fill-cache.js';
import { onStack } from './support/on-stack.js';
import { memory } from './support/processes.js';
import { SampleJobs } from './support/sample-jobs.js';
import { settled } from './support/settled.js';
import { SteadyLoad } from './support/steady-load.js';

/** Seconds at full count, and at the least: two looks at the same rest between bursts need as much. */
const [SECONDS, LEAST_SECONDS] = [600, 30];
/** Looks at the system in the whole time. */
const LOOKS = 60;
/** Below this scale, caches and compiled code still grow, and memory says nothing. */
const MEMORY_FROM_SCALE = 1;
const GROWTH = 1.05;
/** Milliseconds between two sample jobs. */
const JOB_EVERY_MS = 2000;

/** What is in use at one moment, by all apps together. */
interface Look {
  /** Megabytes of each app, in the order of `APPS`. */
  readonly ofApps: readonly number[];
  readonly descriptors: number;
  readonly temporary: number;
}

/** Under a load that does not change, nothing may grow. A longer soak: `--only 12 --scale 12` for two hours. */
export const soak: Drill = {
  number: 12,
  name: 'soak',
  goal:
    '10 minutes of uploads, lists, downloads, deletions, radiographs, predictions and sample jobs: memory, descriptors ' +
    'and temporary files of the apps grow by at most 5 % from the second to the last quarter, and no request fails.',
  limitSeconds: 15 * 60,
  waits: true,
  // Half a minute: memory is not measured there, and descriptors are the same from burst to burst.
  testScale: 0.05,
  run: onStack(run, { BLOB_GRACE: '60', FILTERS_TTL: '30' }),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const seconds = Math.max(LEAST_SECONDS, SECONDS * context.scale);
  const jobs = await SampleJobs.start(faulty, context.random('photos'));
  if (context.scale >= MEMORY_FROM_SCALE) await fillCache(faulty);
  const load = await SteadyLoad.start(faulty, context.random('load'));
  const pids = APPS.map(({ name }) => faulty.part(name).pid ?? 0);
  const looks: Look[] = [];
  try {
    const [started, everyMs] = [performance.now(), (seconds * 1000) / LOOKS];
    let nextJob = started;
    for (let i = 1; i <= LOOKS; i++) {
      const until = started + i * everyMs;
      for (; nextJob < until; nextJob += JOB_EVERY_MS) {
        await sleep(Math.max(0, nextJob - performance.now()));
        await jobs.submit();
      }
      await sleep(Math.max(0, until - performance.now()));
      const look = await lookAt(faulty, pids);
      looks.push(look);
      if (i % (LOOKS / 10) === 0) context.log(`${load.done} requests, ${shown(look)}`);
    }
  } finally {
    await load.stop();
  }
  const unfinished = await settled(faulty);
  const wrong = await jobs.wrongs();
  await jobs.stop();
  const restarted = APPS.filter(({ name }, i) => faulty.part(name).pid !== pids[i]).map(({ name }) => name);
  const rest = await lookAt(faulty, pids);
  return {
    did: `${load.done} requests and ${jobs.ids.length} jobs in ${Math.round(seconds)} s`,
    measures: [
      { what: 'requests', worst: load.done, atLeast: seconds },
      none('requests that failed', load.failures),
      none('jobs that ended otherwise', wrong),
      none('what has not ended', unfinished),
      none('apps that restarted', restarted),
      growth('descriptors', looks, ({ descriptors }) => descriptors),
      { what: 'temporary files afterwards', worst: rest.temporary, atMost: 0 },
      ...(context.scale >= MEMORY_FROM_SCALE ? [growth('memory', looks, memoryOf)] : []),
    ],
    examples: examplesOf({ failures: load.failures, wrong, unfinished, restarted }, 5),
  };
}

async function lookAt({ blobs }: FaultyStack, pids: readonly number[]): Promise<Look> {
  const temporary = await Promise.all(['tmp', 'trash'].map((name) => readdir(path.join(blobs, name)).catch(() => [])));
  return {
    ofApps: pids.map((pid) => memory(pid)),
    descriptors: sum(pids.map((pid) => readdirSync(`/proc/${pid}/fd`).length)),
    temporary: temporary.flat().length,
  };
}

/** The median of the last quarter, as a part of that of the second one. */
function growth(what: string, looks: readonly Look[], value: (look: Look) => number): Measure {
  const median = (from: number, to: number) => {
    const some = looks.slice(from, to).map(value);
    return some.sort((a, b) => a - b)[Math.floor(some.length / 2)] ?? NaN;
  };
  const { length } = looks;
  const factor =
    median(Math.floor(length * 0.75), length) / median(Math.floor(length * 0.25), Math.floor(length * 0.5));
  return { what: `growth of ${what}`, worst: Math.round(factor * 1000) / 1000, atMost: GROWTH };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function memoryOf({ ofApps }: Look): number {
  return sum(ofApps);
}

function shown(look: Look): string {
  const { ofApps, descriptors, temporary } = look;
  const apps = APPS.map(({ name }, i) => `${name} ${Math.round(ofApps[i] ?? NaN)}`).join(', ');
  return `${Math.round(memoryOf(look))} MB (${apps}), ${descriptors} descriptors, ${temporary} temporary files`;
}
