import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { send } from '../e2e/support/http.js';
import { createKey } from '../e2e/support/stack.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { FLOOD_KINDS, Flood, type Target } from './support/flood.js';
import { onStack } from './support/on-stack.js';
import { memory, peakMemory, resetPeakMemory, threadTimes } from './support/processes.js';
import { VisionClient } from './support/vision-client.js';

const CLIENTS = 300;
/** Workspaces that flood, each with a third of the clients; one more third has no key. */
const WORKSPACES = 2;
const FLOOD_SECONDS = 60;
const LEAST_FLOOD_SECONDS = 12;
const PEAK_MB = 640;
/** Milliseconds for other workspaces, 95th percentile. */
const OTHERS_MS = 1000;
/** Milliseconds between two requests of another workspace. */
const PAUSE_MS = 100;

/** Clients send bodies of every size, as fast as they can or byte by byte, and the gateway serves others meanwhile. */
export const bodyFloods: Drill = {
  number: 15,
  name: 'floods of bodies',
  goal: "300 clients with bodies of any size, fast or trickling: gateway's peak below 640 MB, other workspaces' p95 below 1 s, no restart.",
  limitSeconds: 5 * 60,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const { url } = faulty.stack;
  const gateway = faulty.part('gateway');
  const pid = gateway.pid ?? 0;
  const targets = await targetsOf(faulty);
  const other = await createKey({ url, ownerKey: faulty.stack.ownerKey, data: '' }, { name: 'other' });
  const before = memory(pid);
  resetPeakMemory(pid);
  const begun = threadTimes(pid);
  const clients = context.count(CLIENTS);
  const flood = new Flood(url, targets, context.random('flood'), clients);
  const seconds = Math.max(LEAST_FLOOD_SECONDS, FLOOD_SECONDS * context.scale);
  const end = performance.now() + seconds * 1000;
  const served = { times: [] as number[], failed: [] as string[] };
  while (performance.now() < end) {
    await serveOther(url, other.key, served);
    await sleep(PAUSE_MS);
  }
  const peak = peakMemory(pid);
  const ended = threadTimes(pid);
  await flood.stop();
  const restarted = gateway.pid === pid ? [] : ['gateway'];
  const after = await send('GET', `${url}/v1/images?limit=1`, { headers: { authorization: `Bearer ${other.key}` } });
  context.log(`answers: ${JSON.stringify(flood.statuses)}`);
  context.log(
    `memory before ${before.toFixed(0)} MB, peak ${peak.toFixed(0)} MB, afterwards ${memory(pid).toFixed(0)} MB`,
  );
  const [ran, waited] = [ended.ranMs - begun.ranMs, ended.waitedMs - begun.waitedMs];
  context.log(
    `the gateway ran for ${Math.round(ran / 1000)} s, and waited for a core for ${Math.round(waited / 1000)} s`,
  );
  const p95 = served.times.sort((a, b) => a - b)[Math.floor(served.times.length * 0.95)] ?? NaN;
  return {
    did: `${clients} clients with bodies of ${FLOOD_KINDS.length + 1} kinds for ${Math.round(seconds)} s, ${flood.answers} answers, ${served.times.length} requests of others`,
    measures: [
      { what: 'memory of the gateway', worst: peak, atMost: PEAK_MB, unit: 'MB' },
      { what: 'requests of another workspace, p95', worst: p95, atMost: OTHERS_MS, unit: 'ms' },
      none('requests of another workspace that failed', served.failed),
      none('5xx but 503 with Retry-After', flood.failures),
      none('complete requests without an answer', flood.unanswered),
      none('apps that restarted', restarted),
      { what: 'answers', worst: flood.answers, atLeast: 1 },
      { what: 'works afterwards', worst: after.status === 200 ? 1 : 0, atLeast: 1 },
    ],
    examples: examplesOf({ failed: served.failed, failures: flood.failures, unanswered: flood.unanswered, restarted }),
  };
}

/** Keys of the workspaces that flood, with a project for pictures each, and the way without a key. */
async function targetsOf({ stack }: FaultyStack): Promise<Target[]> {
  const system = { url: stack.url, ownerKey: stack.ownerKey, data: '' };
  const targets = Array.from({ length: WORKSPACES }, async (): Promise<Target> => {
    const { key } = await createKey(system, { name: 'flood' });
    const project = await new VisionClient(stack.url, key).createProject('flood');
    return { key, project };
  });
  return [...(await Promise.all(targets)), { key: undefined, project: undefined }];
}

/** An upload, and a list: what small requests of somebody else take. */
async function serveOther(url: string, key: string, served: { times: number[]; failed: string[] }): Promise<void> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const picture = Buffer.from(`not a picture ${served.times.length}`.repeat(500)).toString('base64');
  const requests = [
    () => send('POST', `${url}/v1/upload`, { headers, body: JSON.stringify({ image_data: picture }) }),
    () => send('GET', `${url}/v1/images?limit=10`, { headers }),
  ];
  for (const request of requests) {
    const begun = performance.now();
    const status = await request().then(
      (answer) => answer.status,
      (error: unknown) => String(error),
    );
    served.times.push(performance.now() - begun);
    if (status !== 200 && status !== 201) served.failed.push(String(status));
  }
}
