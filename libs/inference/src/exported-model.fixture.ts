import { createRandom } from '@pentaprism/domain';
import type { Head, HeadKind } from '@pentaprism/heads';
import { readFile } from 'node:fs/promises';
import { DEFAULT_BACKBONE_PATH } from './default-backbone.js';
import { openOnnxBackbone } from './onnx-backbone.js';
import { fixturePixels } from './photo.fixture.js';

/** Length of an embedding, and the number of classes of `headOf`. */
const [DIMENSIONS, CLASSES] = [1280, 3];

/** Returns the file of the backbone, photos, and what the backbone makes of them. */
export async function embeddedPhotos() {
  const backbone = await readFile(DEFAULT_BACKBONE_PATH);
  const photos = [await fixturePixels('coffee'), await fixturePixels('chelsea')];
  const opened = await openOnnxBackbone();
  const embeddings = await opened.embed(photos);
  await opened.close();
  return { backbone, photos, embeddings };
}

/** Returns a head with weights that make probabilities differ by picture. */
export function headOf(kind: HeadKind): Head {
  const random = createRandom('export');
  const weights = Float32Array.from({ length: DIMENSIONS * CLASSES }, () => (random() - 0.5) * 8);
  return { kind, weights, bias: Float32Array.of(0.3, -0.2, 0.1) };
}
