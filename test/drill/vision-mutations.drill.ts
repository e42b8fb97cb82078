import { APPS } from '@pentaprism/local';
import { eventually } from '@pentaprism/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import type { Answer } from '../e2e/support/http.js';
import { PictureServer } from '../e2e/support/picture-server.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { forEach } from './support/for-each.js';
import { MutatedVision, type MutatedRequest } from './support/mutated-vision.js';
import { onStack } from './support/on-stack.js';
import { sweepEverything, unknownOriginals } from './support/sweep.js';
import { jsonBody, VisionClient } from './support/vision-client.js';
import { VisionLedger } from './support/vision-ledger.js';
import { VisionWorkspace } from './support/vision-workspace.js';

const MUTATIONS = 6_000;
/** Requests at once. */
const LANES = 4;
/** Milliseconds until a request is one that hangs: twice as long as the slowest answer may take. */
const ANSWERED_WITHIN_MS = 120_000;
/** Milliseconds until bytes that nobody wants are let go of, which no answer waits for. */
const LET_GO_WITHIN_MS = 15_000;
/** Milliseconds between looks at how far it is. */
const LOG_MS = 10_000;

/** Accidents in the bytes of requests and of pictures: what was acknowledged is there, and nothing else. */
export const visionMutations: Drill = {
  number: 20,
  name: 'mutated requests of Custom Vision',
  goal:
    '6,000 mutated forms, models in JSON, XML and form encoding, and JPEG, PNG, GIF and BMP files at 19 ways in: no 5xx, ' +
    'no request without an answer, the project as it was acknowledged, no byte of anything else left.',
  limitSeconds: 15 * 60,
  // Pictures by URL come from here.
  run: onStack(run, { URL_IMPORT_ALLOW: '127.0.0.1' }),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const client = new VisionClient(faulty.stack.url, faulty.stack.ownerKey);
  const workspace = new VisionWorkspace(client, 'mutations');
  const things = await workspace.things();
  const v1 = `/customvision/v1.2/Training/projects/${things.visionProject}`;
  await client.json('PATCH', `${v1}/iterations/${things.iteration}`, jsonBody({ IsDefault: true }));
  const ledger = await VisionLedger.of(client, things.visionProject);
  const pids = pidsOf(faulty);
  const found = { failures: [] as string[], silence: [] as string[], shapeless: [] as string[] };
  const statuses = new Map<number, number>();
  const server = await PictureServer.start();
  const count = context.count(MUTATIONS);
  let done = 0;
  const timer = setInterval(() => context.log(`${done}/${count}`), LOG_MS);
  try {
    const mutations = new MutatedVision(context.random('mutations'), things, server);
    // Drawn one after another, so that they are the same whatever becomes of them.
    const turns = { drawn: Promise.resolve() as Promise<unknown> };
    await forEach(Array.from({ length: count }), LANES, async () => {
      const drawn = turns.drawn.then(() => mutations.next());
      turns.drawn = drawn;
      const request = await drawn;
      const answer = await answerTo(client, request);
      done += 1;
      if (!answer) return void found.silence.push(shown(request));
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status >= 500) found.failures.push(shown(request, answer));
      else if (answer.status >= 400 && !isRefusal(answer)) found.shapeless.push(shown(request, answer));
      else if (answer.status < 300) note(ledger, request, answer);
    });
  } finally {
    clearInterval(timer);
    await server.close();
  }
  context.log([...statuses].sort().map(([status, times]) => `${status}: ${times}`).join(', ')); // prettier-ignore
  const differences = await ledger.differences();
  const clung = await unreleased(faulty);
  const restarted = pidsOf(faulty).flatMap(({ name, pid }, i) => (pid === pids[i]?.pid ? [] : [name]));
  const works = await client.predict(things.visionProject, things.publishedName, await workspace.picture()).then(() => 1, () => 0); // prettier-ignore
  const store = await sweepEverything(faulty);
  return {
    did: `${count} requests, ${ledger.acknowledged} images and predictions acknowledged`,
    measures: [
      none('5xx', found.failures),
      none('requests without an answer', found.silence),
      none('refusals in another shape', found.shapeless),
      { what: 'images and predictions acknowledged', worst: ledger.acknowledged, atLeast: Math.floor(count / 20) },
      none('differences from what was acknowledged', differences),
      none('bytes that nobody wants or lets go of', clung),
      none('apps that restarted', restarted),
      { what: 'works afterwards', worst: works, atLeast: 1 },
      none('bytes of nothing after the sweep', [...store.orphans, ...store.temporary]),
      none('bytes that are missing', store.missing),
    ],
    examples: examplesOf({ ...found, differences, clung, restarted, ...store }, 6),
  };
}

async function answerTo(client: VisionClient, { method, path, options }: MutatedRequest): Promise<Answer | undefined> {
  const answered = client.send(method, path, options).catch(() => undefined);
  return Promise.race([answered, sleep(ANSWERED_WITHIN_MS, undefined, { ref: false })]);
}

function note(ledger: VisionLedger, { outcome }: MutatedRequest, answer: Answer): void {
  if (outcome === 'images') ledger.addImages(answer);
  else if (outcome === 'taggings') ledger.addTaggings(answer);
  else if (outcome === 'prediction') ledger.addPrediction(answer);
}

/** In the words of either generation. */
function isRefusal({ bytes }: Answer): boolean {
  return /^\{"(?:code":"[A-Z]\w+","message|Code":"[A-Z]\w+","Message)":"[^\n]+"\}$/.test(bytes.toString('utf8'));
}

/** Bytes without an image that are not about to be removed. */
async function unreleased(faulty: FaultyStack): Promise<string[]> {
  const { database } = faulty;
  const look = async () => {
    const used = await database.collection('images').distinct('sha256');
    const contents = database.collection('contents').find({ orphanedAt: null, sha256: { $nin: used } });
    const clung = (await contents.toArray()).map(({ sha256, state }) => `${String(sha256)}, ${String(state)}`);
    return [...clung, ...(await unknownOriginals(faulty))];
  };
  const settled = async () => {
    if ((await look()).length > 0) throw new Error('not let go of yet');
    return [];
  };
  return eventually(settled, { timeoutMs: LET_GO_WITHIN_MS, everyMs: 250 }).catch(look);
}

function pidsOf(faulty: FaultyStack) {
  return APPS.map(({ name }) => ({ name, pid: faulty.part(name).pid }));
}

function shown({ title, options }: MutatedRequest, answer?: Answer): string {
  const { headers, body = '' } = options;
  const sent = Buffer.isBuffer(body) ? body.toString('latin1') : String(body);
  return `${title} ${JSON.stringify(headers)} ${JSON.stringify(sent.slice(0, 400))} -> ${answer?.status} ${answer?.bytes.toString('utf8').slice(0, 300)}`; // prettier-ignore
}
