import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { BlobStore } from '@pentaprism/blob-store';
import type { Bus } from '@pentaprism/bus';
import { type ContentReference, type InsightColumn, type InsightHeader } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { LetOthersGoFirst } from '@pentaprism/jobs';
import type { Embedder } from '../inference/embedder.js';
import type { EmbeddingOptions, Embeddings } from '../inference/embeddings.js';
import { jobControl } from '../job-control.fixture.js';
import { createHash } from 'node:crypto';
import { ComputeEmbeddingsHandler } from './compute-embeddings.handler.js';
import type { ExplainedCandidates } from './explained-candidates.js';
import { InsightFiles } from './insight-files.js';
import { KnownPositions } from './known-positions.js';

const HEADER: InsightHeader = { type: 'multiclass', targetValues: ['a', 'b'], targetBins: [] };
const KEY = { workspace: 'w1', projectId: 'a'.repeat(24), candidateId: 'b'.repeat(24) };

interface Start {
  readonly othersWait?: boolean;
  /** Images that have an embedding. */
  readonly known?: readonly string[];
  readonly images?: readonly string[];
  readonly backbone?: string;
  /** What the model predicts for each image. */
  readonly values?: readonly number[];
  readonly onBatch?: () => void;
}

/** The insights service and its files in memory, for jobs of several models. */
class Insights {
  readonly files = new Map<string, Buffer>();
  readonly columns: InsightColumn[] = [];
  /** Images whose embeddings were read, in all jobs. */
  read = 0;

  blobs = {
    put: async (_area: string, _workspace: string, chunks: AsyncIterable<Uint8Array>) => {
      const parts = [];
      for await (const chunk of chunks) parts.push(chunk);
      const bytes = Buffer.concat(parts);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      this.files.set(sha256, bytes);
      return { sha256, size: bytes.length };
    },
    read: async ({ sha256 }: { sha256: string }) => {
      const bytes = this.files.get(sha256);
      if (!bytes) throw new DomainError('NOT_FOUND', 'removed');
      return bytes;
    },
  } as unknown as BlobStore;

  /** Runs a job, and records its result. Returns its file. */
  async compute({ othersWait = false, ...start }: Start = {}): Promise<InsightColumn> {
    const call = async (_rpc: unknown, { key }: { key: string }): Promise<object> => ({
      file: this.columns.find(({ positions }) => positions === key)?.file ?? null,
    });
    const bus = { call } as unknown as Bus;
    const handler = new ComputeEmbeddingsHandler(
      candidatesOf(start),
      { embeddingSize: async () => 2, backboneId: async () => start.backbone ?? 'network' } as unknown as Embedder,
      { forEach: this.embeddings(start) } as unknown as Embeddings,
      new KnownPositions(bus, this.blobs),
      new InsightFiles(this.blobs),
      1,
    );
    const { columns } = await handler.run(KEY, jobControl({ checkpoint: () => Promise.resolve({ othersWait }) }));
    this.columns.push(...columns);
    return columns[0] as InsightColumn;
  }

  textOf({ file }: { file: ContentReference }): string {
    return this.files.get(file.sha256)?.toString() ?? '';
  }

  linesOf(column: InsightColumn): { imageId: string; x: number; y: number; values: number[] }[] {
    const [, ...lines] = this.textOf(column).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line));
  }

  private embeddings({ known, onBatch }: Start) {
    return async (
      _workspace: string,
      contents: Iterable<string>,
      { onComputed }: EmbeddingOptions,
      use: (sha256: string, vector: Float32Array) => void,
    ) => {
      for (const sha256 of [...contents].reverse()) {
        this.read += 1;
        if (known?.includes(sha256) ?? true) use(sha256, Float32Array.of(Number(sha256), 1));
        await onComputed?.(sha256);
        onBatch?.();
      }
    };
  }
}

function candidatesOf({ images = ['0', '1', '2'], values = [1, 0] }: Start): ExplainedCandidates {
  const candidate = {
    rows: { imageColumns: [{ index: 1, name: 'image' }] },
    header: HEADER,
    predictions: { at: () => ({ labels: [0, 1], values }) },
  };
  const found = images.map((sha256, row) => ({
    ...{ imageId: sha256.padStart(24, '0'), sha256, width: 1, height: 1, row, actual: 0 },
  }));
  return { read: async () => candidate, imagesOf: async () => found } as unknown as ExplainedCandidates;
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
    const insights = new Insights();
    const column = await insights.compute({ known: ['2', '0'] });
    expect(column).toMatchObject({ column: 'image', images: 2, map: null });
    const [first, second, ...others] = insights.linesOf(column);
    expect([first?.imageId, second?.imageId, others]).toEqual(['0'.padStart(24, '0'), '2'.padStart(24, '0'), []]);
    expect(first?.x).toBeCloseTo(-(second?.x ?? NaN), 5);
    expect(Math.abs(first?.x ?? 0)).toBeCloseTo(1, 5);
  });

  it('lets others go first after a turn in which it has computed embeddings', async () => {
    const computing = new Insights().compute({ othersWait: true, onBatch: eachBatchTakes(6_000) });
    await expect(computing).rejects.toBeInstanceOf(LetOthersGoFirst);
  });

  it.each([
    ['no other job waits', false, 6_000],
    ['its turn is not over', true, 1_000],
  ])('goes on if %s', async (_what, othersWait, milliseconds) => {
    const { images } = await new Insights().compute({ othersWait, onBatch: eachBatchTakes(milliseconds) });
    expect(images).toBe(3);
  });
});

describe('positions that are known of another model', () => {
  const squares = (length: number) => Array.from({ length }, (_, i) => `${i * i}`);
  const IMAGES = squares(5);
  const values = [0.25, 0.75];

  it('are used again, and the file has the same bytes as if they were computed again', async () => {
    // Enough for a layout.
    const images = squares(30);
    const insights = new Insights();
    const first = await insights.compute({ images });
    const { read } = insights;
    const second = await insights.compute({ images, values });
    expect(insights.read).toBe(read);
    expect(insights.textOf(second)).not.toBe(insights.textOf(first));
    const fresh = new Insights();
    expect(fresh.textOf(await fresh.compute({ images, values }))).toBe(insights.textOf(second));
  });

  it('are the same in two jobs at once, which compute them twice', async () => {
    const insights = new Insights();
    const both = await Promise.all([insights.compute({ images: IMAGES }), insights.compute({ images: IMAGES })]);
    expect(both[0]).toEqual(both[1]);
  });

  it.each<[string, Start]>([
    ['other images', { images: IMAGES.slice(1) }],
    ['the same images in another order', { images: IMAGES.toReversed() }],
    ['another backbone', { images: IMAGES, backbone: 'another' }],
  ])('are computed for %s', async (_what, other) => {
    const insights = new Insights();
    await insights.compute({ images: IMAGES });
    const { read } = insights;
    const { images } = await insights.compute(other);
    expect(images).toBe(other.images?.length);
    expect(insights.read).toBe(read + images);
  });

  it('are computed if their file was removed', async () => {
    const insights = new Insights();
    const first = await insights.compute({ images: IMAGES });
    insights.files.clear();
    expect(await insights.compute({ images: IMAGES })).toEqual(first);
    expect(insights.linesOf(first)).toHaveLength(IMAGES.length);
  });

  it('are computed if an image had no embedding then', async () => {
    const insights = new Insights();
    expect((await insights.compute({ images: IMAGES, known: IMAGES.slice(1) })).positions).toBeNull();
    const whole = await insights.compute({ images: IMAGES });
    expect(whole.images).toBe(IMAGES.length);
  });
});
