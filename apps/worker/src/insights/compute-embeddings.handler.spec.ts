import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { InsightHeader } from '@pentaprism/contracts';
import { LetOthersGoFirst } from '@pentaprism/jobs';
import type { Embedder } from '../inference/embedder.js';
import type { EmbeddingOptions, Embeddings } from '../inference/embeddings.js';
import { jobControl } from '../job-control.fixture.js';
import { ComputeEmbeddingsHandler } from './compute-embeddings.handler.js';
import type { ExplainedCandidates } from './explained-candidates.js';
import type { InsightFiles } from './insight-files.js';

const HEADER: InsightHeader = { type: 'multiclass', targetValues: ['a', 'b'], targetBins: [] };
const KEY = { workspace: 'w1', projectId: 'a'.repeat(24), candidateId: 'b'.repeat(24) };
/** Writes the positions of three images, of which those in `known` have an embedding. */
function handlerFor({ othersWait = false, known = ['0', '1', '2'], onBatch = () => {} }) {
  const control = jobControl({ checkpoint: () => Promise.resolve({ othersWait }) });
  const lines: { imageId: string; x: number; y: number }[] = [];
  const images = ['0', '1', '2'].map((sha256, row) => ({
    ...{ imageId: `image ${sha256}`, sha256, width: 1, height: 1, row, actual: 0 },
  }));
  const candidate = {
    rows: { imageColumns: [{ index: 1, name: 'image' }] },
    header: HEADER,
    predictions: { at: () => ({ labels: [0, 1], values: [1, 0] }) },
  };
  const embeddings = {
    forEach: async (
      _workspace: string,
      contents: Iterable<string>,
      { onComputed }: EmbeddingOptions,
      use: (sha256: string, vector: Float32Array) => void,
    ) => {
      for (const sha256 of [...contents].reverse()) {
        if (known.includes(sha256)) use(sha256, Float32Array.of(Number(sha256), 1));
        await onComputed?.(sha256);
        onBatch();
      }
    },
  };
  const handler = new ComputeEmbeddingsHandler(
    { read: async () => candidate, imagesOf: async () => images } as unknown as ExplainedCandidates,
    { embeddingSize: async () => 2 } as unknown as Embedder,
    embeddings as unknown as Embeddings,
    {
      write: async (_workspace: string, _header: InsightHeader, written: typeof lines) => {
        lines.push(...written);
        return { sha256: 'f'.repeat(64), size: 1, mediaType: 'application/x-ndjson' };
      },
    } as unknown as InsightFiles,
    1,
  );
  return { run: () => handler.run(KEY, control), lines };
}

/** Lets each batch of embeddings take so long. */
function eachBatchTakes(milliseconds: number): () => void {
  let now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  return () => (now += milliseconds);
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('ComputeEmbeddingsHandler', () => {
  it('writes a line for each image that has an embedding, in the order of rows', async () => {
    const { run, lines } = handlerFor({ known: ['2', '0'] });
    const { columns } = await run();
    expect(columns).toMatchObject([{ column: 'image', images: 2, map: null }]);
    expect(lines.map(({ imageId }) => imageId)).toEqual(['image 0', 'image 2']);
    expect(lines[0]?.x).toBeCloseTo(-(lines[1]?.x ?? NaN), 5);
    expect(Math.abs(lines[0]?.x ?? 0)).toBeCloseTo(1, 5);
  });

  it('lets others go first after a turn in which it has computed embeddings', async () => {
    const { run } = handlerFor({ othersWait: true, onBatch: eachBatchTakes(6_000) });
    await expect(run()).rejects.toBeInstanceOf(LetOthersGoFirst);
  });

  it.each([
    ['no other job waits', false, 6_000],
    ['its turn is not over', true, 1_000],
  ])('goes on if %s', async (_what, othersWait, milliseconds) => {
    const { run } = handlerFor({ othersWait, onBatch: eachBatchTakes(milliseconds) });
    expect((await run()).columns).toHaveLength(1);
  });
});
