import { APPS, createTemporaryDirectory } from '@pentaprism/local';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createKey } from '../e2e/support/stack.js';
import { startFaultyStack, type FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { forEach } from './support/for-each.js';
import { mutatedEventFile, wholeEventFile } from './support/mutated-event-files.js';
import { PushClient } from './support/push-load.js';
import { ShownEventLogs } from './support/shown-event-logs.js';
import { whileShrinking } from './support/while-shrinking.js';

const MUTATIONS = 5_000;
/** Requests at once. */
const LANES = 4;
/** Runs of the directory that are there before the accidents. */
const GOOD_RUNS = 3;
/** Milliseconds until a run is read. */
const STALLED_MS = 30_000;
const FILE = 'events.out.tfevents.1.host';
/** Also to damaged files: what stands before the damage is stored. */
const PUSHED = 204;

interface Found {
  readonly failures: string[];
  readonly unread: string[];
}

/** Accidents in the bytes of event files: what can be read is shown, and everything else stays as it was. */
export const mutatedEventFiles: Drill = {
  number: 28,
  name: 'mutated event files',
  goal:
    '5,000 event files with accidents in their bytes, records, lengths and values, half of them in a log directory and ' +
    'half pushed: no 5xx, no app restarts, every run is listed with all its pictures, other runs as they were.',
  limitSeconds: 15 * 60,
  run: async (context) => {
    const logs = createTemporaryDirectory();
    const root = path.join(logs.path, 'runs');
    await mkdir(root, { recursive: true });
    try {
      const faulty = await startFaultyStack({ TENSORBOARD_LOGDIR: root, TENSORBOARD_RELOAD_INTERVAL: '1' });
      try {
        return await run(faulty, root, context);
      } finally {
        await faulty.stop();
      }
    } finally {
      logs.remove();
    }
  },
};

async function run(faulty: FaultyStack, root: string, context: DrillContext): Promise<DrillResult> {
  const { url, ownerKey } = faulty.stack;
  const { key } = await createKey({ url, ownerKey, data: '' }, { workspace: 'mutated' });
  const [followed, pushed] = [new ShownEventLogs(url, ownerKey), new ShownEventLogs(url, key)];
  const client = new PushClient(url, key);
  const good = await goodRuns(root, client, context);
  const found: Found = { failures: [], unread: [] };
  found.unread.push(...(await missing(followed, good)));
  const before = [await followed.read(good), await pushed.read(good)];
  const pids = pidsOf(faulty);
  const each = Math.ceil(context.count(MUTATIONS) / 2);
  const names = Array.from({ length: each }, (_, i) => `mutated/${i}`);
  await Promise.all([writeRuns(root, names, context), pushRuns(client, names, found, context)]);
  found.unread.push(...(await missing(followed, names)));
  context.log('reading all lists and pictures');
  const shown = [await readAll(followed, names), await readAll(pushed, await pushed.runs())];
  const after = [await followed.read(good), await pushed.read(good)];
  const touched = before.flatMap((runs, i) => [...runs].filter(([name, text]) => after[i]?.get(name) !== text));
  for (const each of [followed, pushed]) await each.get('/tensorboard/problems');
  const restarted = pidsOf(faulty).flatMap(({ name, pid }, i) => (pid === pids[i]?.pid ? [] : [name]));
  const empty = [...before.flatMap((runs) => [...runs.values()])].filter((text) => text === '');
  const wrong = [...found.failures, ...followed.wrong, ...pushed.wrong];
  return {
    did: `${2 * each} files, ${shown[0]} and ${shown[1]} of their runs with pictures`,
    measures: [
      none('5xx and other wrong answers', wrong),
      none('runs that are not listed', found.unread),
      none('other runs that were touched', touched),
      none('other runs without a picture', empty),
      none('apps that restarted', restarted),
      // A reader that refuses all of them would pass otherwise.
      { what: 'runs of the directory with pictures', worst: shown[0] ?? 0, atLeast: Math.floor(each / 4) },
      { what: 'runs that were pushed with pictures', worst: shown[1] ?? 0, atLeast: Math.floor(each / 4) },
    ],
    examples: examplesOf({ wrong, unread: found.unread, touched, restarted }, 6),
  };
}

/** Makes the same runs in the directory and in the workspace of the client. */
async function goodRuns(root: string, client: PushClient, context: DrillContext): Promise<string[]> {
  const random = context.random('good');
  const names = Array.from({ length: GOOD_RUNS }, (_, i) => `good/${i}`);
  for (const name of names) {
    const bytes = wholeEventFile(random);
    await writeRun(root, name, bytes);
    const answer = await client.append(name, FILE, 0, bytes);
    if (answer?.status !== 204) throw new Error(`a good run was answered with ${answer?.status}`);
  }
  return names;
}

async function writeRuns(root: string, names: readonly string[], context: DrillContext): Promise<void> {
  const random = context.random('directory');
  for (const name of names) await writeRun(root, name, mutatedEventFile(random).bytes);
}

/** A run arrives whole, so that each look reads all of its file. */
async function writeRun(root: string, name: string, bytes: Buffer): Promise<void> {
  const copy = `${root}-${name.replace('/', '-')}`;
  await mkdir(copy);
  await writeFile(path.join(copy, FILE), bytes);
  await mkdir(path.dirname(path.join(root, name)), { recursive: true });
  await rename(copy, path.join(root, name));
}

async function pushRuns(client: PushClient, names: readonly string[], { failures }: Found, context: DrillContext) {
  const random = context.random('pushes');
  const statuses = new Map<string, number>();
  await forEach(names, LANES, async (name) => {
    const { kind, bytes } = mutatedEventFile(random);
    const answer = await client.append(name, FILE, 0, bytes);
    const status = answer?.status ?? 0;
    statuses.set(`${kind} ${status}`, (statuses.get(`${kind} ${status}`) ?? 0) + 1);
    if (status !== PUSHED)
      failures.push(`${kind}: ${status} ${answer?.bytes.toString()} ${bytes.toString('base64').slice(0, 2000)}`);
  });
  context.log([...statuses].map(([what, times]) => `${what}: ${times}`).join(', '));
}

/** Waits until runs are listed. Returns those that are not. */
async function missing(shown: ShownEventLogs, names: readonly string[]): Promise<string[]> {
  const look = async () => {
    const runs = new Set(await shown.runs());
    return names.filter((name) => !runs.has(name));
  };
  await whileShrinking(async () => (await look()).length, { stalledMs: STALLED_MS });
  return look();
}

/** Reads all lists and pictures of runs. Returns how many runs have some. */
async function readAll(shown: ShownEventLogs, names: readonly string[]): Promise<number> {
  const runs = await shown.read(names);
  return [...runs.values()].filter((text) => text.includes('"picture"')).length;
}

function pidsOf(faulty: FaultyStack) {
  return APPS.map(({ name }) => ({ name, pid: faulty.part(name).pid }));
}
