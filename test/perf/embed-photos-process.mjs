/**
 * A process that embeds photos and parts of them with the project's backbone: { directory, parts }. It writes vectors.f32, and answers with
 * the length of a vector and the label and the photo of each.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { createModelInput } from '../../libs/imaging/dist/index.js';
import { openOnnxBackbone } from '../../libs/inference/dist/index.js';
import { realPhotos } from './real-photos.mjs';

/** Shares of a photo's sides that a part has. */
const [SMALLEST, LARGEST] = [0.35, 0.95];

const [{ directory, parts }] = await once(process, 'message');
const backbone = await openOnnxBackbone();
const vectors = [];
const rows = [];
for (const [photo, { bytes, label }] of realPhotos().entries())
  for (const picture of [bytes, ...(await partsOf(bytes, photo))]) {
    const { pixels } = await createModelInput(picture, backbone.inputSize);
    vectors.push(...(await backbone.embed([pixels])));
    rows.push({ photo, label });
  }
await backbone.close();
const size = backbone.embeddingSize;
const all = new Float32Array(vectors.length * size);
vectors.forEach((vector, row) => all.set(vector, row * size));
writeFileSync(path.join(directory, 'vectors.f32'), new Uint8Array(all.buffer));
process.send({ size, rows });
await once(process, 'disconnect');

/** The same parts in each run. */
async function partsOf(bytes, photo) {
  const { data, info } = await sharp(bytes).autoOrient().removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const lot = (i) => Math.abs(Math.sin(photo * 12.9898 + i * 78.233) * 43758.5453) % 1;
  return Promise.all(
    Array.from({ length: parts }, (_, i) => {
      const share = SMALLEST + (LARGEST - SMALLEST) * lot(3 * i);
      const [width, height] = [Math.round(info.width * share), Math.round(info.height * share)];
      const left = Math.floor((info.width - width) * lot(3 * i + 1));
      const top = Math.floor((info.height - height) * lot(3 * i + 2));
      return sharp(data, { raw: info }).extract({ left, top, width, height }).jpeg({ quality: 90 }).toBuffer();
    }),
  );
}
