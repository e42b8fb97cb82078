import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { BlobStore } from '@pentaprism/blob-store';
import type { Bus } from '@pentaprism/bus';
import { imageInsightContracts, type ActivationMapLine, type InsightHeader } from '@pentaprism/contracts';
import { LetOthersGoFirst } from '@pentaprism/jobs';
import { encodeModel } from '@pentaprism/modeling';
import { createHash } from 'node:crypto';
import type { Embedder } from '../inference/embedder.js';
import { jobControl } from '../job-control.fixture.js';
import type { ActivationMaps, MapOptions } from './activation-maps.js';
import { ComputeActivationMapsHandler } from './compute-activation-maps.handler.js';
import type { ExplainedCandidates } from './explained-candidates.js';
import type { InsightFiles } from './insight-files.js';
import { RecordedOverlays } from './recorded-overlays.js';

const HEADER: InsightHeader = { type: 'multiclass', targetValues: ['a', 'b'], targetBins: [] };
const KEY = { workspace: 'w1', projectId: 'a'.repeat(24), candidateId: 'b'.repeat(24) };
const MODEL = encodeModel({
  ...{ blueprint: 'linear', targetType: 'multiclass', classes: ['a', 'b'], backbone: 'network' },
  plan: { images: [{ kind: 'image', column: 'image', size: 2 }], others: [], imageWidth: 2, width: 2 },
  layer: { weights: new Float32Array(4), bias: new Float32Array(2) },
  absent: new Float32Array(2),
  scale: null,
});
const COUNT = 130;
const UNDECODABLE = 7;
const IMAGES = Array.from({ length: COUNT }, (_, row) => ({
  imageId: row.toString(16).padStart(24, '0'),
  sha256: createHash('sha256').update(`${row}`).digest('hex'),
  ...{ width: 4, height: 3, row, actual: 0 },
}));
type Picture = { key: { sha256: string } };
type Recorded = { imageId: string; map: unknown };

/** The insights service in memory, of a job that starts several times. */
class Insights {
  readonly recorded = new Map<string, Recorded>();
  othersWait = false;

  async call(rpc: unknown, request: { overlays: Recorded[]; after: string | null; limit: number }) {
    if (rpc === imageInsightContracts.recordOverlays) {
      for (const overlay of request.overlays) this.recorded.set(overlay.imageId, overlay);
      return { imageIds: request.overlays.map(({ imageId }) => `overlay of ${imageId}`) };
    }
    const behind = [...this.recorded.values()]
      .sort((a, b) => (a.imageId < b.imageId ? -1 : 1))
      .filter(({ imageId }) => request.after === null || imageId > request.after)
      .slice(0, request.limit);
    return { overlays: behind.map(({ imageId, map }) => ({ imageId, overlayImageId: `overlay of ${imageId}`, map })) };
  }
}

/** One start of the job. `onMap` is called before each map is computed. */
function start(insights: Insights, onMap: (computed: number) => void = () => {}) {
  const computed: string[] = [];
  const lines: ActivationMapLine[] = [];
  const maps = {
    compute: async (pictures: readonly Picture[], { done }: MapOptions<Picture>) => {
      for (const picture of pictures) {
        onMap(computed.length);
        const { sha256 } = picture.key;
        computed.push(sha256);
        const map = { rows: 2, columns: 1, values: Buffer.from(sha256.slice(0, 4), 'hex') };
        const overlay = { bytes: Buffer.from(sha256), mediaType: 'image/jpeg' as const, width: 4, height: 3 };
        await done(picture, sha256 === IMAGES[UNDECODABLE]?.sha256 ? undefined : { map, overlay });
      }
    },
  };
  const candidate = {
    files: { backbone: 'network' },
    rows: { imageColumns: [{ index: 1, name: 'image' }] },
    header: HEADER,
    predictions: { predicted: () => 1, mostProbable: () => 1 },
  };
  const bus = insights as unknown as Bus;
  const put = async () => ({ sha256: 'e'.repeat(64), size: 1 });
  const handler = new ComputeActivationMapsHandler(
    {
      read: async () => candidate,
      imagesOf: async () => IMAGES,
      readFile: async () => MODEL,
    } as unknown as ExplainedCandidates,
    { backboneId: async () => 'network' } as unknown as Embedder,
    maps as unknown as ActivationMaps,
    new RecordedOverlays(bus, { put } as unknown as BlobStore),
    {
      write: async (_workspace: string, _header: InsightHeader, written: ActivationMapLine[]) => {
        lines.push(...written);
        return { sha256: 'f'.repeat(64), size: 1, mediaType: 'application/x-ndjson' };
      },
    } as unknown as InsightFiles,
  );
  const control = jobControl({ checkpoint: () => Promise.resolve({ othersWait: insights.othersWait }) });
  return { run: () => handler.run(KEY, control), computed, lines };
}

/** Lets each map take so long. */
function eachMapTakes(milliseconds: number): () => void {
  let now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  return () => void (now += milliseconds);
}

afterEach(() => {
  jest.restoreAllMocks();
});

describe('ComputeActivationMapsHandler', () => {
  it('computes no map again that was recorded before the job was killed, and writes the same lines as a single start', async () => {
    const once = start(new Insights());
    const { columns } = await once.run();
    expect(columns).toMatchObject([{ column: 'image', images: COUNT - 1, map: { width: 1, height: 2 } }]);
    const insights = new Insights();
    const killed = start(insights, (computed) => {
      if (computed === 125) throw new Error('killed');
    });
    await expect(killed.run()).rejects.toThrow('killed');
    const before = new Set(insights.recorded.keys());
    expect(before.size).toBeGreaterThanOrEqual(100);
    const second = start(insights);
    expect((await second.run()).columns).toEqual(columns);
    const again = IMAGES.filter(({ imageId, sha256 }) => before.has(imageId) && second.computed.includes(sha256));
    expect(again).toEqual([]);
    expect(second.lines).toEqual(once.lines);
    expect(second.lines.map(({ imageId }) => imageId)).not.toContain(IMAGES[UNDECODABLE]?.imageId);
  });

  it('lets others go first after its turn, and its next start goes on', async () => {
    const insights = new Insights();
    insights.othersWait = true;
    const first = start(insights, eachMapTakes(500));
    await expect(first.run()).rejects.toBeInstanceOf(LetOthersGoFirst);
    expect(insights.recorded.size).toBe(first.computed.length - 1);
    insights.othersWait = false;
    const second = start(insights);
    expect((await second.run()).columns).toMatchObject([{ images: COUNT - 1 }]);
    expect(first.computed.length + second.computed.length).toBe(COUNT + 1);
  });
});
