import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { send } from '../e2e/support/http.js';
import { createKey } from '../e2e/support/stack.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { FLOOD_KINDS, Flood, type Target } from './support/flood.js';
import { onStack } from './support/on-stack.js';
import { asTheySaw, OtherClient, percentiles } from './support/other-client.js';
import { memory, peakMemory, resetPeakMemory, threadTimes } from './support/processes.js';
import { VisionClient } from './support/vision-client.js';

const CLIENTS = 300;
/** Workspaces that flood, each with a third of the clients; one more third has no key. */
const WORKSPACES = 2;
const FLOOD_SECONDS = 60;
const LEAST_FLOOD_SECONDS = 12;
const PEAK_MB = 640;
/** Milliseconds for other workspaces, 95th percentile, without the time for which the gateway waits for a core. */
const OTHERS_MS = 1000;
/** Milliseconds between an upload of another workspace and the next. */
const PAUSE_MS = 100;
/** Bytes of the pictures of others: within what is free, beyond it, and large. One after another. */
const OTHERS_BYTES = [12_000, 300_000, 2_900_000];

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
  const client = OtherClient.start({ url, key: other.key, pid, sizes: OTHERS_BYTES, pauseMs: PAUSE_MS });
  await sleep(seconds * 1000);
  const served = await client.stop();
  const peak = peakMemory(pid);
  const ended = threadTimes(pid);
  await flood.stop();
  const restarted = gateway.pid === pid ? [] : ['gateway'];
  context.log(`p95 with the time for which the gateway waited for a core: ${asTheySaw(served)}`);
  const after = await send('GET', `${url}/v1/images?limit=1`, { headers: { authorization: `Bearer ${other.key}` } });
  context.log(`answers: ${JSON.stringify(flood.statuses)}`);
  context.log(
    `memory before ${before.toFixed(0)} MB, peak ${peak.toFixed(0)} MB, afterwards ${memory(pid).toFixed(0)} MB`,
  );
  const [ran, waited] = [ended.ranMs - begun.ranMs, ended.waitedMs - begun.waitedMs];
  context.log(
    `the gateway ran for ${Math.round(ran / 1000)} s, and waited for a core for ${Math.round(waited / 1000)} s`,
  );
  return {
    did: `${clients} clients with bodies of ${FLOOD_KINDS.length + 1} kinds for ${Math.round(seconds)} s, ${flood.answers} answers, ${Object.values(served.requests).flat().length} requests of others`,
    measures: [
      { what: 'memory of the gateway', worst: peak, atMost: PEAK_MB, unit: 'MB' },
      ...percentiles(served, OTHERS_MS),
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
