import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { DomainError } from '@pentaprism/domain';
import { TargetImagePages } from './target-image-pages.js';

const QUESTION = { projectId: 'a'.repeat(24), values: ['cats'], offset: 0, limit: 100 };
const image = { imageId: 'b'.repeat(24), width: 4, height: 3, value: 'cats' };

describe('TargetImagePages', () => {
  let revision: string;
  const call = jest.fn(async (_rpc: unknown, { known, limit }: { known?: string; limit: number }) => {
    const unchanged = known === revision;
    return { images: unchanged ? [] : Array(limit).fill(image), total: unchanged ? 0 : 250, revision, unchanged };
  });
  let pages: TargetImagePages;
  const known = () => call.mock.calls.map(([, request]) => request.known);
  beforeEach(() => {
    revision = 'first';
    call.mockClear();
    pages = new TargetImagePages({ call } as unknown as Bus);
  });

  it('answers with a kept page as long as its revision is the current one', async () => {
    const page = await pages.read('clinic', QUESTION);
    expect(page).toEqual({ images: Array(100).fill(image), total: 250, revision: 'first' });
    expect(await pages.read('clinic', QUESTION)).toEqual(page);
    revision = 'second';
    expect(await pages.read('clinic', QUESTION)).toEqual({ ...page, revision });
    expect(known()).toEqual([undefined, 'first', 'first']);
  });

  it.each([
    ['workspace', 'another', QUESTION],
    ['filter', 'clinic', { ...QUESTION, values: ['dogs'] }],
    ['part', 'clinic', { ...QUESTION, offset: 100 }],
  ])('keeps no page for another %s', async (_what, workspace, question) => {
    await pages.read('clinic', QUESTION);
    await pages.read(workspace, question);
    expect(known()).toEqual([undefined, undefined]);
  });

  it('fails with the service, whatever it has kept', async () => {
    await pages.read('clinic', QUESTION);
    call.mockRejectedValueOnce(new DomainError('NOT_FOUND', 'There is no such project.'));
    await expect(pages.read('clinic', QUESTION)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
