import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { READY_WITHIN_MS, type FaultyStack } from '../e2e/support/faults-stack.js';
import { storedBlobs } from '../e2e/support/stack.js';
import { examplesOf, none, wholeWithin, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { ExpiringRadiographs } from './support/expiring-radiographs.js';
import { onStack } from './support/on-stack.js';

/** Seconds. */
const TIME_TO_LIVE = 15;
/** One after another: who removes what has expired, who gives it out, who makes the pictures of it. */
const TARGETS = ['catalog', 'training-ingest', 'worker'] as const;
const KILLS = 18;
/** Milliseconds after which nothing more is killed, however slow the machine is. */
const KILLING_MS = 90_000;
const [MIN_DELAY_MS, MAX_DELAY_MS] = [300, 2000];
/** Uploads between two kills at the very least. */
const UPLOADS_PER_KILL = 2;
/**
 * Milliseconds after the last upload: it lives for 15 s, is an orphan for 60 s, and every 15 s orphans are looked for. The
 * rest is for a picture that was being made by a killed worker, and for a slow machine.
 */
const REMOVED_WITHIN_MS = 150_000;

/** Radiographs come and go while services are killed: none may be there a millisecond too long, or go one too early. */
export const expiryUnderKills: Drill = {
  number: 21,
  name: 'expiry under kills',
  goal:
    '18 kill -9 of catalog, training-ingest and worker while radiographs live for 15 s: none served from its end on, ' +
    'none gone before, nothing left of them within 150 s.',
  limitSeconds: 6 * 60,
  waits: true,
  run: onStack(run, { FILTERS_TTL: String(TIME_TO_LIVE) }),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const random = context.random('kills');
  const radiographs = await ExpiringRadiographs.start(faulty, TIME_TO_LIVE * 1000, `${context.seed}`);
  const wanted = Math.max(TARGETS.length, context.count(KILLS));
  const until = performance.now() + KILLING_MS;
  let [kills, slowestMs] = [0, 0];
  try {
    for (; kills < wanted && performance.now() < until; kills++) {
      await sleep(wholeWithin(random, MIN_DELAY_MS, MAX_DELAY_MS));
      const name = TARGETS[kills % TARGETS.length] ?? 'catalog';
      const killedAt = performance.now();
      faulty.kill(name);
      await faulty.recovered(name);
      const readyMs = performance.now() - killedAt;
      slowestMs = Math.max(slowestMs, readyMs);
      context.log(`${kills + 1}/${wanted} ${name}: ready after ${Math.round(readyMs)} ms`);
    }
  } finally {
    await radiographs.stop();
  }
  const { resources, failed, found } = radiographs;
  const stoppedAt = performance.now();
  context.log(`${resources.size} radiographs acknowledged, ${failed.size} failed; waiting for their end`);
  await radiographs.ended();
  context.log('waiting until nothing is left of them');
  const { left, last } = await leftAfter(stoppedAt + REMOVED_WITHIN_MS, () => leftovers(faulty, radiographs));
  const removedMs = performance.now() - stoppedAt;
  context.log(`the last to go: ${last.slice(0, 3).join('; ')}`);
  const acknowledged = resources.size;
  return {
    did: `${kills} kills, ${acknowledged} radiographs`,
    measures: [
      { what: 'kills', worst: kills, atLeast: TARGETS.length },
      { what: 'radiographs acknowledged', worst: acknowledged, atLeast: UPLOADS_PER_KILL * kills },
      { what: 'questions for what was over', worst: radiographs.over, atLeast: 3 * acknowledged },
      none('served at or after their end', found.late),
      none('gone before their end', found.early),
      none('other bytes, another resource', found.corrupt),
      none('answers but success, 503 and 504', found.wrong),
      none('records and bytes left', left),
      { what: 'removed after the last upload', worst: removedMs, atMost: REMOVED_WITHIN_MS, unit: 'ms' },
      { what: 'ready again by itself', worst: slowestMs, atMost: READY_WITHIN_MS, unit: 'ms' },
    ],
    examples: examplesOf({ ...found, left }),
  };
}

/** Records and bytes of radiographs, and of pictures of them, and jobs that would make more. */
async function leftovers(faulty: FaultyStack, radiographs: ExpiringRadiographs): Promise<string[]> {
  const { blobs, database } = faulty;
  const { workspace, failed } = radiographs;
  const questions: readonly [string, object][] = [
    ['images', { workspace }],
    ['contents', { workspace }],
    ['jobs', { workspace, state: { $in: ['queued', 'running'] } }],
    ['catalog_outbox', {}],
  ];
  const records = questions.map(async ([table, filter]) => {
    const documents = await database.collection(table).find(filter).limit(100).toArray();
    return documents.map((document) => `${table}: ${JSON.stringify(document).slice(0, 300)}`);
  });
  const system = { url: '', ownerKey: '', data: path.dirname(blobs) };
  const bytes = ['originals', 'thumbnails', 'samples', 'modality'].map(async (area) => {
    const names = await storedBlobs(system, area, workspace);
    // An upload that failed between its bytes and its record: the sweeper removes them when they are a day old.
    return names.filter((name) => !(area === 'originals' && failed.has(name))).map((name) => `${area}/${name}`);
  });
  const all = await Promise.all([...records, ...bytes, miscounted(faulty, workspace)]);
  return all.flat();
}

/** Images that are counted, in whichever slot, when there should be none. */
async function miscounted({ database }: FaultyStack, workspace: string): Promise<string[]> {
  const slots = await database.collection('image_counts').find({ workspace }).toArray();
  const sum = (field: 'total' | 'uploaded') => slots.reduce((all, slot) => all + Number(slot[field] ?? 0), 0);
  return (['total', 'uploaded'] as const).flatMap((field) => (sum(field) === 0 ? [] : `${field}: ${sum(field)}`));
}

/** What there still is at that time, by `performance.now()`, and what there was last; earlier when there is nothing. */
async function leftAfter(deadline: number, look: () => Promise<string[]>): Promise<{ left: string[]; last: string[] }> {
  for (let last: string[] = []; ; await sleep(500)) {
    const left = await look();
    if (left.length === 0 || performance.now() > deadline) return { left, last };
    last = left;
  }
}
