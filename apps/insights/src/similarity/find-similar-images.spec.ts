/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import type { InsightsConfig } from '../config/config.js';
import type { EmbeddingRepository, StoredVector } from '../embeddings/embedding.repository.js';
import { ComparisonTurns } from './comparison-turns.js';
import { FindSimilarImages } from './find-similar-images.usecase.js';
import { ImageColumn } from './image-column.js';
import type { ImageColumns } from './image-columns.js';
import { READING_MS } from './until-read.js';
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
/** Ends the wait of reads that the database has not answered yet. */
let answerReads: () => void;
/** Workspaces whose columns the database does not read until `answerReads`. */
let slow: string[];
let similar: FindSimilarImages;
/** Creates the use case with a limit of its own for the exact search. */
let create: (exactLimit: number) => FindSimilarImages;

/** A vector near to the first axis: the smaller the number, the nearer. */
function vectorOf(number: number): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  const angle = number / 1000;
  vector[0] = Math.cos(angle);
  vector[1 + (number % (DIMENSIONS - 1))] = Math.sin(angle);
  return vector;
}

/** A column of so many images, without those of some numbers. */
function hasImages(count: number, without: readonly number[] = [], key = 'column'): void {
  const numbers = Array.from({ length: count }, (_, number) => number).filter((number) => !without.includes(number));
  const images = numbers.map((number) => ({ imageId: `i${number}`, sha256: `s${number}`, rowCount: 1 }));
  column = new ImageColumn(key, images, null, 0);
  stored = new Map(
    numbers.map((number) => [`s${number}`, { sha256: `s${number}`, backbone: BACKBONE, vector: vectorOf(number) }]),
  );
}

const idsLike = async (imageId: string, limit = 5) =>
  (await similar.toImage('w', { projectId: 'p', imageId, limit })).images.map((image) => image.imageId);

beforeEach(() => {
  reads = [];
  slow = [];
  const answered = new Promise<void>((resolve) => (answerReads = resolve));
  const embeddings = {
    vectors: async (workspace: string, hashes: readonly string[]) => {
      reads.push(hashes.length);
      if (hashes.length > 1 && slow.includes(workspace)) await answered;
      return hashes.flatMap((sha256) => stored.get(sha256) ?? []);
    },
  } as unknown as EmbeddingRepository;
  const columns = { get: async () => column } as unknown as ImageColumns;
  create = (exactLimit) => {
    const vectors = new VectorCache(embeddings, { SIMILARITY_MEMORY: MEMORY } as InsightsConfig, exactLimit);
    return new FindSimilarImages({} as Bus, columns, vectors, embeddings, new ComparisonTurns());
  };
  similar = create(EXACT_LIMIT);
});
afterEach(() => {
  jest.useRealTimers();
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

  it('of a column within the limit of the exact search that fits into memory only compressed are found', async () => {
    similar = create(1000);
    hasImages(300);
    expect(await idsLike('i0')).toEqual(['i1', 'i2', 'i3', 'i4', 'i5']);
    // The image, the column, and the candidates again: it is compressed.
    expect(reads).toEqual([1, 300, 50]);
  });

  it('of one workspace are found while the columns of others are still being read', async () => {
    slow = ['s1', 's2'];
    hasImages(EXACT_LIMIT);
    const waiting = ['s1', 's1', 's2', 's2'].map((workspace) =>
      similar.toImage(workspace, { projectId: 'p', imageId: 'i0', limit: 1 }),
    );
    hasImages(EXACT_LIMIT, [], 'another column');
    expect(await idsLike('i0', 1)).toEqual(['i1']);
    answerReads();
    for (const { images } of await Promise.all(waiting)) expect(images[0]?.imageId).toBe('i1');
  });

  it('are not searched once the request has been refused, but the column has been read for the next one', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'] });
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    slow = ['w'];
    hasImages(400);
    const refused = idsLike('i0');
    await settle();
    jest.advanceTimersByTime(READING_MS);
    await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    answerReads();
    for (let i = 0; i < 20; i++) await settle();
    expect(reads).toEqual([1, 400]);
    expect(await idsLike('i0', 1)).toEqual(['i1']);
    expect(reads).toEqual([1, 400, 1, 38]);
  });
});
