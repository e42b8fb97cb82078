import { randomBytes } from 'node:crypto';

const BATCH = 10_000;
const SLOTS = 32;
const BLOCK_NUMBERS = 2048;

/** Tags that the images carry, two each: an exact tag is on 4 % of them, `bench-1%` on 36 %. */
const TAGS = Array.from({ length: 50 }, (_, i) => `bench-${String(i).padStart(2, '0')}`);

/**
 * Images straight into the database, as the catalog would have written them; all share one content. The tags are made
 * by the system itself.
 *
 * @param {import('mongoose').Connection} database
 * @param {{ name: string, libraryId: import("mongoose").Types.ObjectId, client: import('./system.mjs').Client }} workspace
 * @param {number} records
 */
export async function seedImages(database, { name: workspace, libraryId: project, client }, records) {
  for (const name of TAGS) await client.json('POST', '/v1/tags', { name });
  const made = await database.collection('tags').find({ workspace }).toArray();
  const tags = made.map(({ _id: id, number, name }) => ({ id, number, name }));
  const now = Math.floor(Date.now() / 1000);
  const sha256 = randomBytes(32).toString('hex');
  await database.collection('contents').insertOne({
    workspace,
    sha256,
    size: 300_000,
    mediaType: 'image/jpeg',
    state: 'decoded',
    width: 1440,
    height: 1080,
    createdAt: new Date(),
    orphanedAt: null,
  });
  const record = (number) => {
    // A few images in each second, as uploads come.
    const createdSecond = now - Math.floor((records - number) / 4);
    const createdAt = new Date(createdSecond * 1000);
    const first = number % tags.length;
    const second = Math.floor(number / tags.length) % tags.length;
    return {
      workspace,
      project,
      number,
      fileName: `photo-${number}.jpg`,
      createdBy: 'bench',
      createdAt,
      createdSecond,
      uploadedAt: createdAt,
      size: 300_000,
      sha256,
      state: 'decoded',
      draw: Math.random(),
      tags: [...new Set([first, second])].map((index) => tags[index]),
    };
  };
  for (let first = 1; first <= records; first += BATCH)
    await database
      .collection('images')
      .insertMany(Array.from({ length: Math.min(BATCH, records - first + 1) }, (_, i) => record(first + i)));
  await database
    .collection('counters')
    .updateOne({ _id: `${workspace}/image` }, { $set: { value: records, second: now } }, { upsert: true });
  await database.collection('image_counts').insertMany(countsOf(workspace, project, records));
}

/** As after many uploads: the totals are spread over all slots. */
export function countsOf(workspace, project, records) {
  const slots = Array.from({ length: SLOTS }, (_, slot) => ({
    workspace,
    project,
    slot,
    revision: 0,
    total: 0,
    uploaded: 0,
    blocks: {},
  }));
  for (let number = 1; number <= records; number++) {
    const slot = slots[number % SLOTS];
    const block = (slot.blocks[Math.floor(number / BLOCK_NUMBERS)] ??= { total: 0, uploaded: 0 });
    for (const counts of [slot, block]) {
      counts.total++;
      counts.uploaded++;
    }
    slot.revision++;
  }
  return slots;
}
