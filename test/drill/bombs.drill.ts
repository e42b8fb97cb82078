import { DomainError } from '@pentaprism/domain';
import { createDecodePool } from '@pentaprism/imaging';
import { APPS } from '@pentaprism/local';
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { z } from 'zod';
import { startFaultyStack, type FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, shuffled, type Drill, type DrillContext, type DrillResult, type Measure } from './drill.js';
import { analysed } from './support/analysed.js';
import { bombsOfRadiographs } from './support/bombs-of-radiographs.js';
import type { Bomb } from './support/bomb.js';
import { jpegBombs } from './support/jpeg-bombs.js';
import { avifBombs, gifBombs, tiffBombs, webpBombs } from './support/other-bombs.js';
import { pngBombs } from './support/png-bombs.js';
import { radiographBombs } from './support/radiograph-bombs.js';
import { memory, peakMemory, processTree, resetPeakMemory } from './support/processes.js';

const BOMBS = 40;
/** Of radiographs at the least: half of them are refused before much was read. */
const RADIOGRAPHS = 4;
const REFUSED_WITHIN_MS = 250;
const MORE_MEMORY_MB = 100;

interface Found {
  readonly measures: readonly Measure[];
  readonly wrong: readonly string[];
}

/**
 * Any bytes may be uploaded, so a bomb is refused where it would be decoded: its analysis ends as `undecodable`. That is
 * timed at the pool of decode processes, as the worker uses it, without the time in a queue. Memory is the peak that the
 * kernel has seen: of the decode process for each bomb there, and of all apps together for all bombs sent over HTTP.
 */
export const bombs: Drill = {
  number: 6,
  name: 'bombs',
  goal: '40 bombs and 19 radiographs: refused within 250 ms, at most 100 MB more memory.',
  limitSeconds: 5 * 60,
  run: async (context) => {
    const random = context.random('bombs');
    const kinds = [pngBombs, jpegBombs, gifBombs, webpBombs, avifBombs, tiffBombs];
    const all = (await Promise.all(kinds.map((kind) => kind(random)))).flat();
    const wanted = context.count(BOMBS);
    // All of them at full count, of which there are some more than were promised.
    const chosen = shuffled(random, all).slice(0, wanted === BOMBS ? all.length : wanted);
    const alone = await inDecodeProcess(chosen, context);
    const faulty = await startFaultyStack();
    try {
      const whole = await overHttp(faulty, chosen);
      const radiographs = radiographBombs(context.random('radiographs'));
      const some = shuffled(random, radiographs).slice(0, Math.max(RADIOGRAPHS, context.count(radiographs.length)));
      const sensed = await bombsOfRadiographs(faulty, some, context);
      return {
        did: `${chosen.length} bombs, ${chosen.filter(({ harmless }) => harmless).length} of them to be skipped, ${some.length} radiographs`,
        measures: [
          { what: 'bombs', worst: chosen.length, atLeast: wanted },
          ...alone.measures,
          ...whole.measures,
          ...sensed.measures,
        ],
        examples: examplesOf({ wrong: [...alone.wrong, ...whole.wrong, ...sensed.wrong] }, 10),
      } satisfies DrillResult;
    } finally {
      await faulty.stop();
    }
  },
};

async function inDecodeProcess(chosen: readonly Bomb[], context: DrillContext): Promise<Found> {
  const pool = createDecodePool({ size: 1 });
  const picture = await smallPicture(0);
  const wrong: string[] = [];
  let [slowest, largest] = [0, 0];
  try {
    for (const bomb of chosen) {
      // Also after a bomb that ended the process: its start is not what is measured.
      await pool.analyse({ bytes: picture });
      const decoder = processTree(process.pid).at(-1) ?? 0;
      resetPeakMemory(decoder);
      const before = memory(decoder);
      const since = performance.now();
      const end = await pool.analyse({ bytes: bomb.bytes }).then(
        ({ width, height }) => `decoded, ${width} × ${height}`,
        (error: unknown) => (DomainError.is(error, 'UNDECODABLE_IMAGE') ? 'refused' : String(error)),
      );
      const milliseconds = performance.now() - since;
      const megabytes = peakMemory(decoder) - before;
      [slowest, largest] = [Math.max(slowest, milliseconds), Math.max(largest, megabytes)];
      const line = `${bomb.name}: ${end} after ${Math.round(milliseconds)} ms, ${Math.round(megabytes)} MB more`;
      context.log(line);
      const right = bomb.harmless ? end.startsWith('decoded') : end === 'refused';
      // NaN where the process was ended.
      const cheap = milliseconds <= REFUSED_WITHIN_MS && megabytes <= MORE_MEMORY_MB;
      if (!right || !cheap) wrong.push(line);
    }
  } finally {
    await pool.close();
  }
  return {
    measures: [
      none('bombs that ended otherwise than they should', wrong),
      { what: 'refused or skipped', worst: slowest, atMost: REFUSED_WITHIN_MS, unit: 'ms' },
      { what: 'more memory of a decode process', worst: largest, atMost: MORE_MEMORY_MB, unit: 'MB' },
    ],
    wrong,
  };
}

async function overHttp(faulty: FaultyStack, chosen: readonly Bomb[]): Promise<Found> {
  const pids = () => APPS.flatMap(({ name }) => processTree(faulty.part(name).pid ?? 0));
  // As many as there are decode processes and more, so that all of them run and are warm.
  for (let i = 0; i < 12; i++) await upload(faulty, await smallPicture(i));
  await analysed(faulty);
  const before = new Map(pids().map((pid) => [pid, memory(pid)]));
  for (const pid of before.keys()) resetPeakMemory(pid);
  for (const [i, { bytes }] of chosen.entries()) await (i % 2 === 0 ? upload : announceAndPut)(faulty, bytes);
  await analysed(faulty);
  const after = pids();
  const more = [...before].reduce((sum, [pid, size]) => sum + Math.max(0, peakMemory(pid) - size), 0);
  const wrong: string[] = [];
  // A decode process that had to be ended is one that grew, whatever the sum says.
  if (after.some((pid) => !before.has(pid)) || after.length !== before.size) wrong.push('a process ended');
  for (const { name, bytes, harmless } of chosen) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const content = await faulty.database.collection('contents').findOne({ sha256 });
    if (content?.state !== (harmless ? 'decoded' : 'undecodable')) wrong.push(`${name}: ${content?.state}`);
  }
  return {
    measures: [
      none('otherwise over HTTP', wrong),
      { what: 'more memory of all apps together', worst: more, atMost: MORE_MEMORY_MB, unit: 'MB' },
    ],
    wrong,
  };
}

async function upload(faulty: FaultyStack, bytes: Buffer): Promise<void> {
  await send(faulty, '/v1/upload', 'POST', JSON.stringify({ image_data: bytes.toString('base64') }));
}

async function announceAndPut(faulty: FaultyStack, bytes: Buffer): Promise<void> {
  const text = await send(faulty, '/v1/images', 'POST', '{}');
  const { upload_url } = z.object({ upload_url: z.string() }).parse(JSON.parse(text));
  await send(faulty, upload_url, 'PUT', new Uint8Array(bytes));
}

async function send(
  { stack, authorization }: FaultyStack,
  url: string,
  method: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<string> {
  const headers = { ...authorization, 'Content-Type': 'application/json' };
  const response = await fetch(new URL(url, stack.url), { method, body, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text;
}

function smallPicture(shade: number): Promise<Buffer> {
  const background = { r: shade * 20, g: 100, b: 100 };
  return sharp({ create: { width: 640, height: 480, channels: 3, background } })
    .jpeg()
    .toBuffer();
}
