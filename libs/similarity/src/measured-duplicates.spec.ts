/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { analyseImage, createModelInput } from '@pentaprism/imaging';
import { openOnnxBackbone } from '@pentaprism/inference';
import { parseHashes, type Hashes } from './hashes.js';
import { MIN_SIMILARITY, groupNearDuplicates, type Confirm } from './near-duplicates.js';
import { fixturePhoto, pattern, softPicture, variantsOf } from './picture-variants.fixture.js';
import { noPause } from './searches.fixture.js';
import { VectorSet } from './vector-set.js';

/** The radius that is used when a client specifies none. */
const RADIUS = 10;

let hashes: Hashes;
let vectors: VectorSet;
/** The number of the picture that each image is a variant of. */
let originals: number[];

/** Photos, soft shapes, and three different pictures without low frequencies, whose hashes are equal. */
const pictures = (): Promise<Buffer[]> =>
  Promise.all([
    fixturePhoto('coffee'),
    fixturePhoto('chelsea'),
    ...Array.from({ length: 8 }, (_, i) => softPicture(`picture ${i}`)),
    pattern(() => [90, 120, 90]),
    pattern((x, y) => (((x >> 2) + (y >> 2)) % 2 === 0 ? [255, 255, 255] : [0, 0, 0])),
    pattern((x) => ((x >> 2) % 2 === 0 ? [230, 60, 40] : [40, 40, 120])),
  ]);

beforeAll(async () => {
  const backbone = await openOnnxBackbone();
  vectors = new VectorSet(backbone.embeddingSize);
  originals = [];
  const texts: string[] = [];
  for (const [number, picture] of (await pictures()).entries())
    for (const image of [picture, ...(await variantsOf(picture))]) {
      const { pixels } = await createModelInput(image, backbone.inputSize);
      vectors.add(String(texts.length), (await backbone.embed([pixels]))[0] as Float32Array);
      texts.push((await analyseImage(image)).perceptualHash);
      originals.push(number);
    }
  await backbone.close();
  hashes = parseHashes(texts);
});

/** Measures pairs that are in one group. */
async function measure(confirm: Confirm): Promise<{ precision: number; recall: number }> {
  const groups = await groupNearDuplicates(hashes, RADIUS, confirm, noPause);
  const groupOf = new Map(groups.flatMap((group, number) => group.map(({ index }) => [index, number])));
  const counts = { right: 0, wrong: 0, missed: 0 };
  for (let one = 0; one < originals.length; one++)
    for (let other = one + 1; other < originals.length; other++) {
      const together = groupOf.has(one) && groupOf.get(one) === groupOf.get(other);
      const same = originals[one] === originals[other];
      if (together) counts[same ? 'right' : 'wrong']++;
      else if (same) counts.missed++;
    }
  return {
    precision: counts.right / (counts.right + counts.wrong),
    recall: counts.right / (counts.right + counts.missed),
  };
}

describe('near duplicates of pictures', () => {
  it('are found as often as by the perceptual hash alone, and are right more often', async () => {
    const plain = await measure(() => true);
    const confirmed = await measure((one, other) => vectors.similarity(String(one), String(other)) >= MIN_SIMILARITY);
    expect(confirmed.recall).toBeGreaterThanOrEqual(plain.recall);
    expect(confirmed.precision).toBeGreaterThan(plain.precision);
    expect(confirmed.recall).toBeGreaterThanOrEqual(0.85);
    expect(confirmed.precision).toBeGreaterThanOrEqual(0.95);
  });
});
