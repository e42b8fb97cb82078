import mongoose from 'mongoose';
import { randomBytes } from 'node:crypto';

const BATCH = 10_000;
const TAGS = 50;
/** Different contents: each page looks up as many as it has images. */
const CONTENTS = 2_000;

/**
 * A project with images straight in the database, as the catalog would have written them, two tags each. The project and
 * its tags are made by the system itself.
 *
 * @param {import('mongoose').Connection} database
 * @param {{ name: string, client: import('./system.mjs').Client }} workspace
 * @param {number} records
 * @returns {Promise<{ project: string, tags: string[] }>} ids as clients see them
 */
export async function seedTrainingImages(database, { name: workspace, client }, records) {
  const base = '/customvision/v3.4-preview/training/projects';
  const { id: project } = await client.json('POST', `${base}?name=lists`);
  for (let i = 0; i < TAGS; i++) await client.json('POST', `${base}/${project}/tags?name=tag-${i}`);
  const { _id: owner } = await database.collection('projects').findOne({ workspace, name: 'lists' });
  const made = await database.collection('tags').find({ workspace, project: owner }).toArray();
  const contents = Array.from({ length: CONTENTS }, () => contentOf(workspace));
  await database.collection('contents').insertMany(contents);
  const { value: first = 0 } = (await database.collection('counters').findOne({ _id: `${workspace}/image` })) ?? {};
  const now = Math.floor(Date.now() / 1000);
  const record = (i) => {
    const createdSecond = now - Math.floor((records - i) / 4);
    const createdAt = new Date(createdSecond * 1000);
    const content = contents[i % CONTENTS];
    const chosen = [i % TAGS, Math.floor(i / TAGS) % TAGS];
    return {
      workspace,
      project: owner,
      number: first + i + 1,
      fileName: `photo-${i}.jpg`,
      createdBy: 'bench',
      createdAt,
      createdSecond,
      uploadedAt: createdAt,
      size: content.size,
      sha256: content.sha256,
      mediaType: content.mediaType,
      state: 'decoded',
      draw: Math.random(),
      tagged: true,
      tags: [...new Set(chosen)].map((index) => {
        const { _id: id, number, name } = made[index];
        return { id, number, name, at: createdAt };
      }),
    };
  };
  for (let from = 0; from < records; from += BATCH)
    await database
      .collection('images')
      .insertMany(Array.from({ length: Math.min(BATCH, records - from) }, (_, i) => record(from + i)));
  await database
    .collection('counters')
    .updateOne({ _id: `${workspace}/image` }, { $set: { value: first + records, second: now } }, { upsert: true });
  return { project, tags: made.map(({ _id }) => uuidOf(_id)) };
}

function contentOf(workspace) {
  return {
    _id: new mongoose.Types.ObjectId(),
    workspace,
    sha256: randomBytes(32).toString('hex'),
    size: 300_000,
    mediaType: 'image/jpeg',
    state: 'decoded',
    format: 'jpeg',
    width: 1440,
    height: 1080,
    thumbnail: {
      sha256: randomBytes(32).toString('hex'),
      size: 8_000,
      width: 256,
      height: 192,
      mediaType: 'image/webp',
    },
    createdAt: new Date(),
    orphanedAt: null,
    revision: 0,
  };
}

/** As dialects show an id: see `toUuid` in the domain. */
function uuidOf(objectId) {
  const hex = objectId.toHexString();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8000-8000-${hex.slice(12)}`;
}
