import { APPS } from '@pentaprism/local';
import { Redis } from 'ioredis';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startFaultyStack, type FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, shuffled, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { SampleJobs } from './support/sample-jobs.js';
import { settled } from './support/settled.js';
import { Workspace } from './support/workspace.js';

const HALF_A_MINUTE = 30_000;
const TWO_HOURS = 7_200_000;
/** Two in which all clocks are wrong, then one for each app behind or ahead, and a second one for the gateway. */
const ROUNDS = 10;
const JOBS = 4;
/** Seconds that radiographs and signed URLs live: longer than a round, and shorter than four hours. */
const LIFE = '900';

/** Milliseconds by which the clock of each app is wrong. */
type Clocks = Readonly<Record<string, number>>;

/**
 * Whole journeys through systems whose apps do not agree on the time. A preloaded module shifts `Date` in one process and
 * leaves its monotonic clock alone, as on a machine that is set to a wrong time. In the middle of a journey the apps start
 * again on machines that are wrong in the other direction: what an app stored before is compared with another clock.
 */
export const skewedClocks: Drill = {
  number: 18,
  name: 'skewed clocks',
  goal: 'All apps ± 2 h, or one of them 30 s behind or ahead: no failed call, no lost job.',
  limitSeconds: 20 * 60,
  waits: true,
  run,
};

async function run(context: DrillContext): Promise<DrillResult> {
  const failed: string[] = [];
  const unfinished: string[] = [];
  const rounds = roundsOf(context).slice(0, context.count(ROUNDS));
  let corrected = 0;
  for (const [i, clocks] of rounds.entries()) {
    const name = Object.entries(clocks)
      .map(([app, ms]) => `${app} ${ms / 1000} s`)
      .join(', ');
    const outcome = await roundWith(clocks, context, i).catch((error: unknown) => error as Error);
    if (outcome instanceof Error) failed.push(`${name}: ${outcome.message}`);
    else {
      corrected += outcome.corrected;
      unfinished.push(...outcome.unfinished.map((each) => `${name}: ${each}`));
    }
    context.log(`${i + 1}/${rounds.length}: ${name}: ${outcome instanceof Error ? outcome.message : 'done'}`);
  }
  const skewed = rounds.reduce((sum, clocks) => sum + Object.keys(clocks).length, 0);
  return {
    did: `${rounds.length} systems with ${skewed} wrong clocks`,
    measures: [
      none('systems in which a call failed', failed),
      none('jobs, contents, facts unfinished', unfinished),
      { what: 'wrong clocks that were noticed', worst: corrected, atLeast: skewed },
    ],
    examples: examplesOf({ failed, unfinished }),
  };
}

function roundsOf(context: DrillContext): Clocks[] {
  const apps = APPS.map(({ name }) => name);
  const alternating = (first: number) => Object.fromEntries(apps.map((app, i) => [app, i % 2 === 0 ? first : -first]));
  const others = shuffled(
    context.random('apps'),
    apps.filter((app) => app !== 'gateway'),
  );
  return [
    // The gateway and the catalog are behind first: what they give out for a while ends early when they are ahead.
    alternating(-TWO_HOURS),
    alternating(TWO_HOURS),
    { gateway: -HALF_A_MINUTE },
    ...others.map((app, i) => ({ [app]: i % 2 === 0 ? HALF_A_MINUTE : -HALF_A_MINUTE })),
    { gateway: HALF_A_MINUTE },
  ];
}

/** @throws Error when a call failed, or the system did not become ready */
async function roundWith(clocks: Clocks, context: DrillContext, round: number) {
  const started = mkdtempSync(path.join(tmpdir(), 'skewed-clocks-'));
  const settings = { FILTERS_TTL: LIFE, SIGNED_URL_TTL: LIFE, NODE_OPTIONS: preload(clocks, started) };
  const faulty = await startFaultyStack(settings);
  try {
    const workspace = await Workspace.make(faulty, `skew-${round}`);
    await workspace.keepOneOfEach();
    await read(workspace);
    const jobs = await SampleJobs.start(faulty, context.random(`photos ${round}`));
    try {
      for (let i = 0; i < JOBS; i++) await jobs.submit();
      await flush(faulty);
      for (const app of Object.keys(clocks)) {
        faulty.kill(app);
        await faulty.recovered(app);
      }
      await read(workspace);
      return { unfinished: await settled(faulty), corrected: await correctedClocks(faulty) };
    } finally {
      await jobs.stop();
    }
  } finally {
    await faulty.stop();
    rmSync(started, { recursive: true });
  }
}

async function read(workspace: Workspace): Promise<void> {
  await workspace.view();
  const file = await fetch(workspace.url);
  if (!file.ok) throw new Error(`a signed URL: ${file.status} ${await file.text()}`);
}

/** Loses what the queue had. The times in the ledger decide when it is put back. */
async function flush({ stack }: FaultyStack): Promise<void> {
  const valkey = new Redis(stack.servers.redisUrl);
  await valkey.flushall();
  await valkey.quit();
}

/** Returns how many apps correct their clocks. */
async function correctedClocks({ stack }: FaultyStack): Promise<number> {
  const metrics = await (await fetch(`${stack.url}/metrics`)).text();
  const corrections = metrics.matchAll(/^pentaprism_clock_correction_seconds\{[^}]*\} (\S+)$/gm);
  return [...corrections].filter(([, seconds]) => Number(seconds) !== 0).length;
}

/**
 * Options for Node.js that shift `Date` in the apps whose clocks are wrong.
 *
 * @param started a directory for a file of each app that has been started: the next time its clock is wrong in the other
 *   direction
 */
function preload(clocks: Clocks, started: string): string {
  const source = `
    import { existsSync, writeFileSync } from 'node:fs';
    import { isMainThread } from 'node:worker_threads';
    const app = /apps\\/([a-z-]+)\\/dist/.exec(process.argv[1] ?? '')?.[1];
    const clocks = ${JSON.stringify(clocks)};
    if (isMainThread && app in clocks) {
      const file = ${JSON.stringify(started)} + '/' + app;
      const skew = existsSync(file) ? -clocks[app] : clocks[app];
      writeFileSync(file, '');
      const now = Date.now;
      Date.now = () => now() + skew;
      globalThis.Date = new Proxy(Date, {
        construct: (target, values, type) =>
          Reflect.construct(target, values.length === 0 ? [target.now()] : values, type),
      });
    }`;
  return `--import=data:text/javascript,${encodeURIComponent(source)}`;
}
