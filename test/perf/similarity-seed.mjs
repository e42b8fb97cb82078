import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';
import { countsOf } from './image-list-seed.mjs';

const BATCH = 5_000;
const DIMENSIONS = 1280;
const BACKBONE = 'bench:000000000000';
/** Every tenth image is a near duplicate of the one before it. */
export const EVERY = 10;

/** Writes images, contents and embeddings as the services would have. @returns {Promise<string[]>} perceptual hashes */
export async function seed(database, { name: workspace, libraryId: project }, records) {
  const hashes = [];
  let vector = unitVector();
  const second = Math.floor(Date.now() / 1000) - records;
  for (let first = 1; first <= records; first += BATCH) {
    const [images, contents, embeddings] = [[], [], []];
    for (let number = first; number < first + BATCH; number++) {
      const isDuplicate = number % EVERY === 0;
      if (!isDuplicate) vector = unitVector();
      const hash = isDuplicate ? withFlippedBits(hashes.at(-1), 3) : randomBytes(8).toString('hex');
      hashes.push(hash);
      const content = { workspace, sha256: randomBytes(32).toString('hex'), size: 300_000, mediaType: 'image/jpeg' };
      const createdAt = new Date((second + number) * 1000);
      contents.push({
        ...content,
        state: 'decoded',
        ...{ width: 1440, height: 1080, perceptualHash: hash, createdAt, orphanedAt: null, revision: 0 },
      });
      images.push({
        ...content,
        ...{
          project,
          number,
          fileName: `${number}.jpg`,
          createdBy: 'bench',
          createdAt,
          createdSecond: second + number,
        },
        ...{ uploadedAt: createdAt, state: 'decoded', draw: Math.random(), tags: [] },
      });
      const bytes = new mongoose.mongo.Binary(Buffer.from(vector.buffer));
      embeddings.push({
        workspace,
        sha256: content.sha256,
        state: 'embedded',
        backbone: BACKBONE,
        vector: bytes,
        createdAt,
      });
    }
    await database.collection('contents').insertMany(contents);
    await database.collection('images').insertMany(images);
    await database.collection('embeddings').insertMany(embeddings);
  }
  await database.collection('image_counts').insertMany(countsOf(workspace, project, records));
  return hashes;
}

function unitVector() {
  const vector = Float32Array.from({ length: DIMENSIONS }, () => Math.random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** @param {string} hash @param {number} count */
function withFlippedBits(hash, count) {
  let bits = BigInt(`0x${hash}`);
  for (let i = 0; i < count; i++) bits ^= 1n << BigInt(Math.floor(Math.random() * 64));
  return bits.toString(16).padStart(16, '0');
}
