import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import type { Image, TagGroups } from '@pentaprism/contracts';
import { setPrincipal, type FileUrls } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { ImagePages } from './image-pages.js';
import { imageListQuery, type ImageRecord } from './wire.js';

const GROUP = ['a'.repeat(24)];
const NOW = 1_700_000_000_000;

const imageOf = (number: number): Image => ({
  id: number.toString(16).padStart(24, '0'),
  number,
  projectId: 'f'.repeat(24),
  fileName: '',
  createdBy: 'ann',
  createdAt: NOW,
  uploadedAt: NOW,
  size: 1,
  tags: [],
  sha256: 'a'.repeat(64),
});

/** A catalog that knows what it was asked for, and URLs that tell when and for whom they were signed. */
function fake() {
  const state = { revision: 'r1', images: [imageOf(2), imageOf(1)], most: 100 };
  const full: unknown[] = [];
  const call = jest.fn(async (_rpc: unknown, request: { known?: string; offset: number; limit: number }) => {
    const { known, ...question } = request;
    if (known === state.revision) return { images: [], total: 0, revision: known, unchanged: true };
    full.push(question);
    const end = question.offset + Math.min(question.limit, state.most);
    const { revision, images } = state;
    return { images: images.slice(question.offset, end), total: images.length, revision, unchanged: false };
  });
  const sign = async ({ host }: FastifyRequest, _method: string, workspace: string, { number }: Image) =>
    `http://${host}/${workspace}/${number}/${Date.now() / 1000}`;
  const pages = new ImagePages({ call } as unknown as Bus, { sign } as unknown as FileUrls);
  return { state, full, call, pages };
}

let catalog: ReturnType<typeof fake>;
beforeEach(() => {
  catalog = fake();
  jest.spyOn(Date, 'now').mockReturnValue(NOW);
});
afterEach(() => {
  jest.restoreAllMocks();
});

interface Asked {
  readonly query?: Record<string, string>;
  readonly groups?: TagGroups;
  readonly workspace?: string;
  readonly host?: string;
}

async function page({ query = {}, groups = [], workspace = 'clinic', host = 'one' }: Asked = {}) {
  const request = { raw: {}, protocol: 'http', host } as unknown as FastifyRequest;
  setPrincipal(request, { keyId: null, name: 'ann', role: 'owner', workspace });
  const { text } = await catalog.pages.page(request, imageListQuery.parse(query), groups);
  const { results, meta } = JSON.parse(text) as { results: ImageRecord[]; meta: { total_results: number } };
  return { ids: results.map(({ id }) => id), urls: results.map(({ url }) => url), total: meta.total_results };
}

describe('a page', () => {
  it('is read once for each revision, and asked about every time', async () => {
    const first = await page();
    expect(first).toMatchObject({ ids: [2, 1], total: 2 });
    expect(await page()).toEqual(first);
    expect([catalog.call.mock.calls.length, catalog.full.length]).toEqual([2, 1]);
    Object.assign(catalog.state, { revision: 'r2', images: [imageOf(3)] });
    expect(await page()).toMatchObject({ ids: [3], total: 1 });
    expect(await page()).toMatchObject({ ids: [3], total: 1 });
    expect(catalog.full).toHaveLength(2);
  });

  it('has URLs that are signed anew each second, below the origin of each client', async () => {
    expect((await page()).urls[0]).toBe(`http://one/clinic/2/${NOW / 1000}`);
    expect((await page({ host: 'two' })).urls[0]).toBe(`http://two/clinic/2/${NOW / 1000}`);
    expect((await page()).urls[0]).toBe(`http://one/clinic/2/${NOW / 1000}`);
    jest.spyOn(Date, 'now').mockReturnValue(NOW + 1000);
    expect((await page()).urls[0]).toBe(`http://one/clinic/2/${NOW / 1000 + 1}`);
    const both = await Promise.all([page({ host: 'two' }), page(), page({ host: 'two' })]);
    expect(both.map(({ urls }) => urls[0]?.split('/')[2])).toEqual(['two', 'one', 'two']);
    expect(catalog.full).toHaveLength(1);
  });

  it('is never that of another workspace, place, filter or search', async () => {
    const questions: Asked[] = [
      {},
      { workspace: 'other' },
      { query: { page: '1' } },
      { query: { limit: '1' } },
      { query: { page: '1', limit: '1' } },
      { query: { start_timestamp: '5' } },
      { query: { end_timestamp: '5' } },
      { query: { uploaded_only: 'true' } },
      { groups: [GROUP] },
      { groups: [GROUP, GROUP] },
      { groups: [['b'.repeat(24)]] },
      { groups: [[...GROUP, 'b'.repeat(24)]] },
      { groups: ['any'] },
      { groups: [[]] },
      { groups: [Array.from({ length: 100 }, (_, n) => imageOf(n).id)] },
      { groups: [Array.from({ length: 100 }, (_, n) => imageOf(n + 1).id)] },
    ];
    for (const question of questions) await page(question);
    expect(catalog.full).toHaveLength(questions.length);
    for (const question of questions) await page(question);
    expect(catalog.full).toHaveLength(questions.length);
  });

  it('that came in parts between which something changed is read again', async () => {
    catalog.state.most = 1;
    const { call } = catalog;
    const answer = call.getMockImplementation();
    call.mockImplementationOnce(async (...of) => {
      const first = await answer?.(...of);
      Object.assign(catalog.state, { revision: 'r2', images: [imageOf(3), imageOf(2), imageOf(1)] });
      return first as never;
    });
    await page();
    expect(await page()).toMatchObject({ ids: [3, 2, 1], total: 3 });
    const asked = catalog.full.length;
    expect(await page()).toMatchObject({ ids: [3, 2, 1], total: 3 });
    expect(catalog.full).toHaveLength(asked);
  });
});
