import { eventually } from '@pentaprism/testing';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, pick, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { DerivedFiles } from './support/derived-files.js';
import { forEach } from './support/for-each.js';
import { onStack } from './support/on-stack.js';
import { DAMAGES, filesOf, harm, type Damage } from './support/stored-files.js';

const UPLOADS = 200;
const CLIENTS = 4;
/** Bytes of what is hashed before it is sent, and of what is hashed while it is. */
const SIZES = [3000, 1_300_000];
/** Milliseconds after which an answer counts as one that never comes. */
const HUNG_MS = 20_000;
/** Milliseconds for the scrub to find what was damaged: it begins every 5 s, and reads as fast as it can here. */
const FOUND_WITHIN_MS = 90_000;

interface Stored {
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly url: string;
  readonly damage: Damage;
}

const record = z.object({ id: z.int() });
const shown = z.object({ url: z.string() });

/** Files of the blob store are changed, cut and removed behind the system's back. */
export const damagedBlobs: Drill = {
  number: 17,
  name: 'damaged blobs',
  goal:
    '200 files of the blob store changed, cut, emptied, extended or removed: never served as right and no request left ' +
    'without an answer, all found by the scrub, all right after the same files were uploaded again. The same for pictures ' +
    'and samples that were made of photos: pictures are made again without a hand.',
  limitSeconds: 8 * 60,
  run: onStack(run, { BLOB_SCRUB_RATE: String(1024 ** 3), BLOB_SCRUB_PAUSE: '0' }),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const random = context.random('files');
  const wanted = Array.from({ length: Math.max(2 * DAMAGES.length, context.count(UPLOADS)) }, (_, index) => ({
    bytes: Buffer.from(Uint8Array.from({ length: SIZES[index % 2] as number }, () => random() * 256)),
    damage: DAMAGES[Math.floor(index / 2) % DAMAGES.length] as Damage,
  }));
  const stored: Stored[] = [];
  await forEach(wanted, CLIENTS, async ({ bytes, damage }) => {
    const url = await upload(faulty, bytes);
    stored.push({ bytes, damage, url, sha256: createHash('sha256').update(bytes).digest('hex') });
  });
  context.log(`${stored.length} files uploaded`);
  const derived = await DerivedFiles.make(faulty, random);
  context.log(`${derived.size} files made of photos`);
  const paths = await filesOf(faulty.blobs, 'originals');
  // Between two passes: one under way would find some of the pictures, which are made again before the next pass counts.
  await scrubbed(faulty, new Date());
  for (const each of stored) await harm(paths.get(each.sha256) ?? '', each.damage, pick(random, [0, 0.5, 0.999]));
  const derivedFaults = await derived.harm(random);
  const damagedAt = new Date();

  const served: string[] = [];
  const hung: string[] = [];
  const look = async (each: Stored, headers: Record<string, string>) => {
    const outcome = await download(each.url, headers);
    if (outcome === 'hung') hung.push(`${each.damage} ${each.sha256}`);
    if (Buffer.isBuffer(outcome)) served.push(`${each.damage} ${each.sha256} ${JSON.stringify(headers)}`);
  };
  await forEach(stored, CLIENTS, async (each) => {
    await look(each, {});
    await look(each, { range: 'bytes=10-99' });
  });
  context.log('waiting for the scrub');
  const found = await scrubbed(faulty, damagedAt);
  const removed = stored.filter(({ damage }) => damage === 'removed').length;
  const notRemade = await derived.notRemade();
  const lostSamples = await eventually(() => mustFind(derived), { timeoutMs: FOUND_WITHIN_MS, everyMs: 500 }).catch(
    () => 0,
  );

  await forEach(stored, CLIENTS, async ({ bytes }) => void (await upload(faulty, bytes)));
  const repairedAt = new Date();
  const broken: string[] = [];
  await forEach(stored, CLIENTS, async (each) => {
    const outcome = await download(each.url, {});
    if (!Buffer.isBuffer(outcome) || !outcome.equals(each.bytes)) broken.push(`${each.damage} ${each.sha256}`);
  });
  const left = await scrubbed(faulty, repairedAt);
  return {
    did: `${stored.length} files damaged, ${removed} of them removed`,
    measures: [
      none('damaged and served as right', served),
      none('requests without an answer', hung),
      {
        what: 'damaged files found by the scrub',
        worst: found.damaged,
        atLeast: stored.length - removed + derivedFaults.damaged,
      },
      { what: 'missing files found by the scrub', worst: found.missing, atLeast: removed + derivedFaults.missing },
      { what: 'missing samples found', worst: lostSamples, atLeast: derived.lostSamples },
      none('pictures not made again', notRemade),
      none('not repaired by the same upload', broken),
      {
        what: 'found by the scrub after the repair, beside samples',
        worst: left.damaged + left.missing - derived.damagedSamples,
        atMost: 0,
      },
    ],
    examples: examplesOf({ served, hung, broken, notRemade }),
  };
}

async function mustFind(derived: DerivedFiles): Promise<number> {
  const found = await derived.lostSamplesFound();
  if (found < derived.lostSamples) throw new Error(`${found} of ${derived.lostSamples} missing samples were found`);
  return found;
}

/** Returns the signed URL of the uploaded file. */
async function upload({ stack, authorization }: FaultyStack, bytes: Buffer): Promise<string> {
  const body = JSON.stringify({ filename: 'file', image_data: bytes.toString('base64') });
  const headers = { ...authorization, 'Content-Type': 'application/json' };
  const answer = await fetch(`${stack.url}/v1/upload`, { method: 'POST', headers, body });
  if (answer.status !== 201) throw new Error(`an upload was answered with ${answer.status}: ${await answer.text()}`);
  const { id } = record.parse(await answer.json());
  const image = await fetch(`${stack.url}/v1/images/${id}`, { headers: authorization });
  return shown.parse(await image.json()).url;
}

/** Returns the bytes of a complete and successful answer, the status of another one, or what happened instead. */
async function download(url: string, headers: Record<string, string>): Promise<Buffer | number | 'cut' | 'hung'> {
  try {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(HUNG_MS) });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return answer.ok ? bytes : answer.status;
  } catch (error) {
    return (error as Error).name === 'TimeoutError' ? 'hung' : 'cut';
  }
}

/** What a whole pass of the scrub has found that began after this moment. */
function scrubbed({ database }: FaultyStack, since: Date): Promise<{ damaged: number; missing: number }> {
  return eventually(
    async () => {
      const state = await database.collection('blob_scrubs').findOne();
      const { startedAt, finishedAt, damaged, missing } = z
        .object({ startedAt: z.date(), finishedAt: z.date(), damaged: z.int(), missing: z.int() })
        .parse(state);
      if (startedAt <= since || finishedAt < startedAt) throw new Error('no pass has ended yet');
      return { damaged, missing };
    },
    { timeoutMs: FOUND_WITHIN_MS, everyMs: 300 },
  );
}
