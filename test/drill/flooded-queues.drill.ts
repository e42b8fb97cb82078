import { eventually } from '@pentaprism/testing';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult, type Measure } from './drill.js';
import { compare, ended, ENDED_WITHIN_MS, p95 } from './support/compare.js';
import { floodedTrainings } from './support/flooded-trainings.js';
import { forEach } from './support/for-each.js';
import { onStack } from './support/on-stack.js';
import { Tenant, type LedgerJob } from './support/tenant.js';
import { bytesBody, TRAINING } from './support/vision-client.js';

const FLOOD = 10_000;
const MEASURED = 60;
const LEAST_MEASURED = 5;
/** Clients of the flooding workspace that send large pictures, and wait while they are decoded. */
const CLIENTS = 24;
const [LARGE_WIDTH, LARGE_HEIGHT] = [5472, 3648];
const LANES = 16;
/** One workspace has thousands of jobs waiting, then two dozen clients with large pictures. Another one goes on working. */
export const floodedQueues: Drill = {
  number: 10,
  name: 'flooded queues',
  goal: "One workspace floods 10,000 jobs, as many trainings as it may have pending, their exports, and large pictures with 24 clients: another one's p95 at most doubles.",
  limitSeconds: 20 * 60,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const flood = await Tenant.create(faulty, 'flood', context.random('flood'));
  const other = await Tenant.create(faulty, 'other', context.random('other'));
  const times = Math.max(LEAST_MEASURED, context.count(MEASURED));
  await Promise.all([flood.upload(), other.upload()]);
  await ended(flood, new Date(0));
  const trainings = await floodedTrainings(context, { flood, other });
  // The first ones start processes and load the backbone.
  await work(other, 2);
  const idle = await work(other, times);
  context.log(`idle: ${times} uploads and sample jobs`);
  const floods = context.count(FLOOD);
  const since = new Date();
  await forEach(Array.from({ length: floods }), LANES, (_, i) => (i % 2 === 0 ? flood.upload() : flood.samples()));
  context.log(`${floods} jobs of another workspace wait, or have been done meanwhile`);
  const busy = await work(other, times);
  const left = await flood.waiting();
  const floodJobs = await flood.jobs(since);
  context.log(`beside them: ${times} uploads and sample jobs; ${left} jobs of the flood are left`);
  const decoding = await largePictures(context, { flood, other, times });
  const compared = compare({ idle, busy, flood: floodJobs });
  return {
    did: `${floods} requests, ${trainings.did} of one workspace, ${busy.length} jobs and ${decoding.times} decoded pictures of another one`,
    measures: [
      { what: 'jobs that the flood had left', worst: left, atLeast: 1 },
      ...compared.measures,
      ...trainings.measures,
      ...decoding.measures,
    ],
    examples: examplesOf({
      overtaken: compared.overtaken,
      ...trainings.examples,
      decoding: decoding.failures,
    }),
  };
}

/** Uploads a picture and asks for samples, again and again. Returns the jobs, which have all ended. */
async function work(tenant: Tenant, times: number): Promise<LedgerJob[]> {
  const since = new Date();
  for (let i = 0; i < times; i++) {
    const before = new Date();
    await Promise.all([tenant.upload(), tenant.samples()]);
    // An analysis, an embedding, a sample set.
    await ended(tenant, before, 3);
  }
  return tenant.jobs(since);
}

interface Tenants {
  readonly flood: Tenant;
  readonly other: Tenant;
  readonly times: number;
}

/** Uploads that are decoded while the client waits, beside clients with pictures of 20 megapixels. */
async function largePictures(context: DrillContext, { flood, other, times }: Tenants) {
  const target = async (tenant: Tenant) => `${TRAINING}/projects/${await tenant.vision.createProject('drill')}/images`;
  const [own, theirs] = [await target(other), await target(flood)];
  const failures: string[] = [];
  const add = async (tenant: Tenant, path: string, picture: Buffer): Promise<number> => {
    const began = performance.now();
    const { status, bytes } = await tenant.vision.send('POST', path, bytesBody(picture));
    if (status !== 200) failures.push(`${tenant.workspace}: ${status} ${bytes.toString().slice(0, 200)}`);
    return performance.now() - began;
  };
  const small = async () => add(other, own, await other.picture(640, 480));
  const series = async () => {
    const took: number[] = [];
    for (let i = 0; i < times; i++) took.push(await small());
    return took;
  };
  const alone = await series();
  const large = await flood.picture(LARGE_WIDTH, LARGE_HEIGHT);
  let stop = false;
  const lengths: number[] = [await add(flood, theirs, flood.variant(large))];
  const [length = 0] = lengths;
  const client = async () => {
    while (!stop) lengths.push(await add(flood, theirs, flood.variant(large)));
  };
  const clients = Array.from({ length: CLIENTS }, client);
  await eventually(
    () => {
      if (lengths.length < 3) throw new Error('the flood has not begun');
    },
    { timeoutMs: ENDED_WITHIN_MS },
  );
  const beside = await series();
  stop = true;
  await Promise.all(clients);
  context.log(
    `beside ${lengths.length} large pictures: p95 ${Math.round(p95(beside))} ms, alone ${Math.round(p95(alone))} ms`,
  );
  const measures: Measure[] = [
    { what: 'large pictures decoded meanwhile', worst: lengths.length, atLeast: 3 },
    none('pictures that were refused', failures),
    { what: 'p95 of a picture that is decoded', worst: p95(beside), atMost: 2 * (p95(alone) + length), unit: 'ms' },
  ];
  return { times: beside.length, measures, failures };
}
