import { eventually } from '@pentaprism/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, wholeWithin, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { SampleJobs } from './support/sample-jobs.js';
import { settled } from './support/settled.js';
import { onStack } from './support/on-stack.js';

const KILLS = 30;
const JOBS_PER_KILL = 10;
/** Milliseconds: a lock of 12 s and a check every 2 s find a lost worker's job, which then needs a worker. */
const RECOVERED_WITHIN_MS = 25_000;
/** Milliseconds after which a job that was lost counts as never taken up again. */
const GIVEN_UP_AFTER_MS = 60_000;
const MAX_DELAY_MS = 1200;

/** The worker is killed in the middle of jobs, which have to end as if nothing had happened. */
export const workerKills: Drill = {
  number: 2,
  name: 'worker kills',
  goal: '30 kills of the worker over 300 jobs: all jobs end, each has its effects once, recovery within 25 s.',
  limitSeconds: 20 * 60,
  waits: true,
  run: onStack(run),
};

interface Recovery {
  /** Until another worker ended a job that it had begun. */
  readonly worksMs: number;
  /** Until the last of the jobs that the killed worker had was taken up again. */
  readonly lostMs: number;
  readonly lost: number;
}

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const random = context.random('kills');
  const jobs = await SampleJobs.start(faulty, context.random('photos'));
  const kills = context.count(KILLS);
  const recoveries: Recovery[] = [];
  try {
    for (let kill = 1; kill <= kills; kill++) {
      for (let i = 0; i < JOBS_PER_KILL; i++) await jobs.submit();
      const recovery = await killInTheMiddle(faulty, wholeWithin(random, 0, MAX_DELAY_MS));
      recoveries.push(recovery);
      const { worksMs, lostMs, lost } = recovery;
      context.log(`${kill}/${kills}: a job ended after ${worksMs} ms, ${lost} lost jobs went on after ${lostMs} ms`);
    }
    context.log('waiting for what is under way');
    const unfinished = await settled(faulty);
    const wrongs = await jobs.wrongs();
    const notAnnounced = jobs.notAnnouncedOnce();
    const lost = recoveries.reduce((sum, each) => sum + each.lost, 0);
    const worst = (of: (each: Recovery) => number) => Math.max(...recoveries.map(of));
    return {
      did: `${kills} kills, ${jobs.ids.length} jobs`,
      measures: [
        { what: 'jobs that a kill interrupted', worst: lost, atLeast: kills },
        none('jobs, contents, facts unfinished', unfinished),
        none('jobs without exactly their samples', wrongs),
        none('jobs whose end was not announced once', notAnnounced),
        { what: 'a worker ends a job again', worst: worst((e) => e.worksMs), atMost: RECOVERED_WITHIN_MS, unit: 'ms' },
        { what: 'the lost jobs go on', worst: worst((e) => e.lostMs), atMost: RECOVERED_WITHIN_MS, unit: 'ms' },
      ],
      examples: examplesOf({ unfinished, wrongs, notAnnounced }),
    };
  } finally {
    await jobs.stop();
  }
}

async function killInTheMiddle(faulty: FaultyStack, delayMs: number): Promise<Recovery> {
  const ledger = faulty.database.collection('jobs');
  const running = () => ledger.find({ state: 'running' }).toArray();
  const atWork = async () => {
    const found = await running();
    if (found.length === 0) throw new Error('no job runs');
    return found;
  };
  await eventually(atWork, { timeoutMs: GIVEN_UP_AFTER_MS });
  await sleep(delayMs);
  const victims = (await eventually(atWork, { timeoutMs: GIVEN_UP_AFTER_MS })).map(({ _id }) => _id);
  faulty.kill('worker');
  const killedAt = Date.now();
  await faulty.recovered('worker');
  const since = (date: unknown) => (date as Date).getTime() - killedAt;
  const look = async () => {
    const after = { $gt: new Date(killedAt) };
    const [first] = await ledger
      .find({ startedAt: after, finishedAt: after })
      .sort({ finishedAt: 1 })
      .limit(1)
      .toArray();
    const later = await ledger.find({ _id: { $in: victims }, startedAt: after }).toArray();
    // What had reported its end at the moment of the kill was not lost.
    const ended = await ledger.countDocuments({
      _id: { $in: victims },
      startedAt: { $not: after },
      state: 'completed',
    });
    return { first, later, missed: victims.length - ended - later.length };
  };
  const until = Date.now() + GIVEN_UP_AFTER_MS;
  for (;;) {
    const { first, later, missed } = await look();
    const over = Date.now() > until;
    if ((first && missed === 0) || over) {
      return {
        worksMs: first ? since(first.finishedAt) : GIVEN_UP_AFTER_MS,
        lostMs: missed > 0 ? GIVEN_UP_AFTER_MS : Math.max(0, ...later.map(({ startedAt }) => since(startedAt))),
        lost: later.length + missed,
      };
    }
    await sleep(100);
  }
}
