/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import type { InsightsConfig } from '../config/config.js';
import type { EmbeddingRepository, StoredVector } from '../embeddings/embedding.repository.js';
import { ComparisonTurns } from './comparison-turns.js';
import { FindSimilarImages } from './find-similar-images.usecase.js';
import { ImageColumn } from './image-column.js';
import type { ImageColumns } from './image-columns.js';
import { VectorCache } from './vector-cache.js';

const BACKBONE = 'test:000000000000';
const DIMENSIONS = 128;
/** Images of a column that are compared without compression. */
const EXACT_LIMIT = 100;
/** Mebibytes: room for 204 vectors that are searched exactly, and for 1,024 that are compressed. */
const MEMORY = 0.125;

let column: ImageColumn;
let stored: Map<string, StoredVector>;
/** Contents whose vectors were read, call by call. */
let reads: number[];
let similar: FindSimilarImages;

/** A vector near to the first axis: the smaller the number, the nearer. */
function vectorOf(number: number): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  const angle = number / 1000;
  vector[0] = Math.cos(angle);
  vector[1 + (number % (DIMENSIONS - 1))] = Math.sin(angle);
  return vector;
}

/** A column of so many images, without those of some numbers. */
function hasImages(count: number, without: readonly number[] = []): void {
  const numbers = Array.from({ length: count }, (_, number) => number).filter((number) => !without.includes(number));
  const images = numbers.map((number) => ({ imageId: `i${number}`, sha256: `s${number}`, rowCount: 1 }));
  column = new ImageColumn('column', images, null, 0);
  stored = new Map(
    numbers.map((number) => [`s${number}`, { sha256: `s${number}`, backbone: BACKBONE, vector: vectorOf(number) }]),
  );
}

const idsLike = async (imageId: string, limit = 5) =>
  (await similar.toImage('w', { projectId: 'p', imageId, limit })).images.map((image) => image.imageId);

beforeEach(() => {
  reads = [];
  const embeddings = {
    vectors: async (_workspace: string, hashes: readonly string[]) => {
      reads.push(hashes.length);
      return hashes.flatMap((sha256) => stored.get(sha256) ?? []);
    },
  } as unknown as EmbeddingRepository;
  const columns = { get: async () => column } as unknown as ImageColumns;
  const vectors = new VectorCache(embeddings, { SIMILARITY_MEMORY: MEMORY } as InsightsConfig, EXACT_LIMIT);
  similar = new FindSimilarImages({} as Bus, columns, vectors, embeddings, new ComparisonTurns());
});

describe('similar images', () => {
  it('are found by float32 alone in a column within the limit of the exact search', async () => {
    hasImages(EXACT_LIMIT);
    expect(await idsLike('i0')).toEqual(['i1', 'i2', 'i3', 'i4', 'i5']);
    await idsLike('i0');
    // The image, the column once, and the image again.
    expect(reads).toEqual([1, EXACT_LIMIT, 1]);
  });

  it('of a larger column are those of its compressed vectors, compared again with the stored ones', async () => {
    hasImages(800);
    expect(await idsLike('i0')).toEqual(['i1', 'i2', 'i3', 'i4', 'i5']);
    reads = [];
    const { images } = await similar.toImage('w', { projectId: 'p', imageId: 'i0', limit: 5 });
    expect(images[4]?.similarity).toBeCloseTo(Math.cos(0.005), 6);
    expect(reads).toEqual([1, 50]);
  });

  it('of a larger column never include a deleted image, nor one whose embedding has gone', async () => {
    hasImages(800);
    await idsLike('i0');
    hasImages(800, [1, 3]);
    stored.delete('s4');
    expect(await idsLike('i0')).toEqual(['i2', 'i5', 'i6', 'i7', 'i8']);
  });

  it('stay right while a column grows beyond the limit of the exact search and shrinks again', async () => {
    for (const count of [EXACT_LIMIT, EXACT_LIMIT + 1, EXACT_LIMIT]) {
      hasImages(count);
      expect(await idsLike('i0', 2)).toEqual(['i1', 'i2']);
    }
  });

  it('of a column whose compressed vectors do not fit into memory are refused', async () => {
    hasImages(1025);
    await expect(idsLike('i0')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });
});
