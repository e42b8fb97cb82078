import { readdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import type { SecondInstance } from './second-instance.js';
import { filesBelow } from './sweep.js';
import { whileShrinking } from './while-shrinking.js';

const DAY_MS = 24 * 3600 * 1000;
/** Milliseconds in which something has to be removed. The first sweep begins 10 s after the start of its service. */
const STALLED_MS = 20_000;
/** Starts until what is unused is noted, removed, and what was moved away from is noted and removed, too. */
const ROUNDS = 4;
const APP = 'training-ingest';
const [IMAGES, UPLOADS] = ['eventimages', 'eventuploads'] as const;

export interface EventBlobs {
  /** Blobs that no event refers to, and pieces of pushed files. */
  readonly orphans: string[];
  /** Blobs of events that are not there. */
  readonly missing: string[];
}

/** Makes blobs of event logs old enough for the sweeps, and waits for these. Starts the processes of its service again. */
export async function sweepEventBlobs(faulty: FaultyStack, second: SecondInstance): Promise<EventBlobs> {
  const old = new Date(Date.now() - 2 * DAY_MS);
  for (let round = 0; round < ROUNDS && (await compareEventBlobs(faulty)).orphans.length > 0; round++) {
    for (const area of [IMAGES, UPLOADS])
      for (const file of await filesBelow(pathOf(faulty, area))) await utimes(file, old, old).catch(() => undefined);
    await faulty.database.collection('unused_event_blobs').updateMany({}, { $set: { since: old } });
    faulty.kill(APP);
    second.kill();
    await Promise.all([faulty.recovered(APP), second.recovered()]);
    const orphans = async () => (await compareEventBlobs(faulty)).orphans.length;
    await whileShrinking(orphans, { stalledMs: STALLED_MS });
  }
  return compareEventBlobs(faulty);
}

async function compareEventBlobs(faulty: FaultyStack): Promise<EventBlobs> {
  // Before the events are read: what is stored meanwhile is no orphan.
  const [images, uploads] = [await blobsOf(faulty, IMAGES), await blobsOf(faulty, UPLOADS)];
  const group = { $group: { _id: { workspace: '$workspace', sha256: '$blob.sha256' } } };
  const found = await faulty.database.collection('image_events').aggregate([group]).toArray();
  const wanted = new Set(found.flatMap(({ _id }) => (_id.sha256 ? [`${_id.workspace}/${_id.sha256}`] : [])));
  return {
    orphans: [
      ...images.filter((blob) => !wanted.has(blob)).map((blob) => `${IMAGES}/${blob}`),
      ...uploads.map((blob) => `${UPLOADS}/${blob}`),
    ],
    missing: [...wanted].filter((blob) => !images.includes(blob)),
  };
}

/** Returns the blobs of an area as `workspace/sha256`. */
async function blobsOf(faulty: FaultyStack, area: string): Promise<string[]> {
  const root = pathOf(faulty, area);
  const blobs: string[] = [];
  for (const workspace of await readdir(root).catch(() => []))
    for (const file of await filesBelow(path.join(root, workspace))) blobs.push(`${workspace}/${path.basename(file)}`);
  return blobs;
}

function pathOf({ blobs }: FaultyStack, area: string): string {
  return path.join(blobs, 'blobs', area);
}
