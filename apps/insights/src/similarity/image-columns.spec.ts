import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { contentContracts, imageContracts, modelingContracts, type Rpc } from '@pentaprism/contracts';
import { currentContext, runWithContext, type CallContext } from '@pentaprism/observability';
import type { InsightsConfig } from '../config/config.js';
import { ImageColumns } from './image-columns.js';

const IMAGES = 60_000;
const sha256 = 'a'.repeat(64);

/** The contexts of calls, by subject. */
let contexts: Map<string, CallContext | undefined>;
let columns: ImageColumns;
let total: number;

const replies: Record<string, (request: { known?: string }) => unknown> = {
  [modelingContracts.contents.subject]: () => ({ list: null }),
  [imageContracts.listDecoded.subject]: ({ known }) => ({
    images: known ? [] : Array.from({ length: total }, (_, number) => ({ id: `i${number}`, sha256 })),
    next: null,
    pending: 0,
    revision: 'r',
    unchanged: known === 'r',
  }),
  [contentContracts.perceptualHashes.subject]: () => ({
    contents: [{ sha256, perceptualHash: '0'.repeat(16), pixelDigest: null }],
  }),
};
const within = <T>(deadline: number, run: () => T) =>
  runWithContext({ traceId: 't', workspace: 'w', actor: 'a', deadline }, run);
const get = () => columns.get('w', { projectId: 'p' });

beforeEach(() => {
  contexts = new Map();
  total = 1;
  const bus = {
    call: async ({ subject }: Rpc, request: { known?: string }) => {
      contexts.set(subject, currentContext());
      return replies[subject]?.(request);
    },
  } as unknown as Bus;
  columns = new ImageColumns(bus, { SIMILARITY_MEMORY: 64 } as InsightsConfig);
});

describe('ImageColumns', () => {
  it('lists images without the deadline of the request, in its workspace and its trace', async () => {
    await within(performance.now() + 10_000, get);
    expect([...contexts.values()]).toEqual(
      Array.from({ length: 3 }, () => ({ traceId: 't', workspace: 'w', actor: '' })),
    );
  });

  it('begins no list for a request whose deadline has passed', async () => {
    await expect(within(performance.now() - 1, get)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(contexts.size).toBe(0);
  });

  it('caches a column that near duplicates are found in, however little memory there is for embeddings', async () => {
    total = IMAGES;
    expect(await get()).toBe(await get());
  });
});
