import { toUuid } from '@pentaprism/domain';
import { APPS } from '@pentaprism/local';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { basic, MODALITY } from '../e2e/support/filters.js';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { json, send } from '../e2e/support/http.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { EVENT_LOOP_MS, EventLoop } from './support/event-loop.js';
import { malformedRequest, type Malformed } from './support/malformed.js';
import { threadTimes } from './support/processes.js';
import { robotThings } from './support/robot-things.js';
import { routesOf, type Route } from './support/routes.js';
import { onStack } from './support/on-stack.js';
import { VisionClient } from './support/vision-client.js';
import { VisionWorkspace, type VisionThings } from './support/vision-workspace.js';

const REQUESTS = 5000;
/** Milliseconds after which the next request is made, whether there is an answer or not. */
const NEXT_AFTER_MS = 200;
/** Requests between two looks at the event loop, each of which tells of the time since the one before. */
const LOOK_EVERY = 250;
/** Milliseconds for the end of an answer to a client that has said all it has to say. */
const ANSWERED_WITHIN_MS = 10_000;
/** Milliseconds after which a client has nothing more to say. Node gives a request up whose client says so earlier. */
const SILENT_MS = 1000;

/** Behind signed URLs, which no document of an API names. */
const FILES = ['GET', 'PUT'].map((method): Route => ({
  dialect: 'admin',
  method,
  path: '/files/default/originals/{id}',
  pathParameters: ['id'],
  queryParameters: [],
  body: undefined,
  form: false,
}));
/** That nothing has. */
const IDS = ['1', 'x', '0'.repeat(24), 'f'.repeat(16), toUuid('0'.repeat(24))];

/** Kinds of requests whose key is right: something has to look at what is in them. */
const HEARD = ['form', 'model', 'upload'];

/** Nothing that a client sends may fail the gateway, or keep it from answering others. */
export const malformedRequests: Drill = {
  number: 8,
  name: 'malformed requests',
  goal: '5,000 malformed HTTP, JSON, XML and multipart requests to all routes: no 5xx, event loop p99 below 100 ms.',
  limitSeconds: 6 * 60,
  shares: true,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const { url, ownerKey } = faulty.stack;
  const random = context.random('requests');
  const routes = [...(await routesOf(url)), ...FILES];
  // The probes say 503 on purpose, and what they say has nothing to do with the request.
  const targets = routes.filter(({ path }) => path !== '/health/ready');
  const count = context.count(REQUESTS);
  const apps = APPS.map(({ name }) => faulty.part(name));
  const pids = apps.map(({ pid }) => pid);
  const found = { failures: [] as string[], silence: [] as string[], unheard: [] as string[] };
  const known = { ...(await robotThings(faulty)), ...(await visionThings(faulty)) };
  const statuses = new Map<string, number>();
  const gateway = faulty.part('gateway').pid ?? 0;
  let [slowest, dearest, windows] = [0, { milliseconds: 0, what: '' }, 0];
  const eventLoop = await EventLoop.watch(url, gateway);
  for (let done = 0; done < count; done += LOOK_EVERY) {
    const size = Math.min(LOOK_EVERY, count - done);
    // A form for a session that nobody knows is refused before its parts are looked at, and some requests end sessions.
    const ids = [...IDS, ...(await beginSessions(faulty, IDS.length))];
    const answers: Promise<void>[] = [];
    for (let i = 0; i < size; i++) {
      const request = malformedRequest(random, targets, { ids, known, key: ownerKey });
      const before = threadTimes(gateway);
      const answered = exchange(url, request.bytes).then((answer) => {
        const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'none';
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        // Of several answers on one connection, each counts.
        if (/(?:^|\n)HTTP\/1\.1 5/.test(answer)) found.failures.push(shown(request, answer));
        else if (status === 'none') found.silence.push(shown(request, answer));
        else if (HEARD.includes(request.family) && status === '401') found.unheard.push(shown(request, answer));
      });
      answers.push(answered);
      // One at a time, so that it is known whose work the gateway does; but those it waits for cost nothing.
      await Promise.race([answered, sleep(NEXT_AFTER_MS)]);
      const milliseconds = threadTimes(gateway).ranMs - before.ranMs;
      if (milliseconds > dearest.milliseconds) dearest = { milliseconds, what: shown(request, '') };
    }
    await Promise.all(answers);
    const { milliseconds, starved, counts } = await eventLoop.look();
    if (counts) [windows, slowest] = [windows + 1, Math.max(slowest, milliseconds)];
    const state = `event loop p99 ${milliseconds.toFixed(1)} ms, ${Math.round(starved * 100)} % of its time without a core`;
    if ((done / LOOK_EVERY) % 4 === 0) context.log(`${done + size}/${count}: ${state}`);
  }
  context.log([...statuses].sort().map(([status, times]) => `${status}: ${times}`).join(', ')); // prettier-ignore
  const looks = Math.ceil(count / LOOK_EVERY);
  const restarted = apps.filter(({ pid }, i) => pid !== pids[i]).map(({ name }) => name);
  const after = await fetch(`${url}/v1/images?limit=1`, { headers: faulty.authorization });
  const works = after.status === 200 && (await fetch(`${url}/health/ready`)).status === 200;
  return {
    did: `${count} requests to ${targets.length} routes`,
    measures: [
      none('5xx', found.failures),
      none('requests without an answer', found.silence),
      none('forms that nobody looked at', found.unheard),
      none('apps that restarted', restarted),
      { what: 'works afterwards', worst: works ? 1 : 0, atLeast: 1 },
      { what: 'work of the gateway for one request', worst: dearest.milliseconds, atMost: EVENT_LOOP_MS, unit: 'ms' },
      { what: `event loop p99, ${windows} of ${looks} times`, worst: slowest, atMost: EVENT_LOOP_MS, unit: 'ms' },
    ],
    examples: examplesOf({ ...found, restarted, 'most work': [dearest.what] }, 6),
  };
}

/** Something of every kind of Custom Vision, which no request of this drill deletes. */
async function visionThings({ stack }: FaultyStack): Promise<VisionThings> {
  return new VisionWorkspace(new VisionClient(stack.url, stack.ownerKey), 'drill').things();
}

/** Each takes some hundred images. @returns their ids */
async function beginSessions({ stack }: FaultyStack, count: number): Promise<string[]> {
  const headers = { authorization: basic('', stack.ownerKey) };
  const begin = async () => {
    const answer = await send('POST', `${stack.url}${MODALITY}/acquisition`, { headers });
    return z.object({ sessionId: z.string() }).parse(json(answer)).sessionId;
  };
  return Promise.all(Array.from({ length: count }, begin));
}

function shown({ title, bytes }: Malformed, answer: string): string {
  return `${title} ${JSON.stringify(bytes.toString('latin1').slice(0, 400))} -> ${JSON.stringify(answer.slice(0, 300))}`;
}

/** Writes everything, and takes what comes until the other side closes. A server that waits for more is told that this was all. */
async function exchange(origin: string, bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(origin);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // The server may reset what it no longer wants to hear.
  socket.on('error', () => undefined);
  socket.on('end', () => socket.destroy());
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(bytes);
  const timers = [setTimeout(() => socket.end(), SILENT_MS), setTimeout(() => socket.destroy(), ANSWERED_WITHIN_MS)];
  await closed;
  timers.forEach((timer) => clearTimeout(timer));
  return Buffer.concat(chunks).toString('latin1');
}
