import { describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { BodyBudget } from './body-budget.js';
import { setPrincipal } from './principal.js';

const SETTINGS = { each: 100, total: 300, perWorkspace: 200, waitMs: 20 };

function request(workspace: string, length?: number | string): FastifyRequest {
  const headers = length === undefined ? {} : { 'content-length': String(length) };
  const made = { headers, raw: {} } as unknown as FastifyRequest;
  setPrincipal(made, { keyId: null, name: 'test', role: 'editor', workspace });
  return made;
}

/** Work of a request that goes on until it is told to end. */
function begin(budget: BodyBudget, of: FastifyRequest) {
  let end = () => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  let started = () => {};
  const working = new Promise<void>((resolve) => (started = resolve));
  const done = budget.use(of, () => {
    started();
    return ended;
  });
  return { working, done, end };
}

const BUSY = { code: 'RATE_LIMITED', details: { retryAfter: expect.any(Number) } };

describe('a budget for bodies', () => {
  it('lets in what there is room for, and leaves some to other workspaces', async () => {
    const budget = new BodyBudget(SETTINGS);
    const mine = [begin(budget, request('a', 100)), begin(budget, request('a', 100))];
    for (const { working } of mine) await working;
    await expect(budget.use(request('a', 1), () => Promise.resolve())).rejects.toMatchObject(BUSY);
    expect(await budget.use(request('b', 100), () => Promise.resolve('read'))).toBe('read');
    for (const { end, done } of mine) {
      end();
      await done;
    }
    expect(await budget.use(request('a', 100), () => Promise.resolve('read'))).toBe('read');
  });

  it('lets those in who wait, as soon as others are done', async () => {
    const budget = new BodyBudget({ ...SETTINGS, waitMs: 60_000 });
    const [one, two] = [begin(budget, request('a', 100)), begin(budget, request('a', 100))];
    const next = begin(budget, request('a', 60));
    await Promise.all([one.working, two.working]);
    two.end();
    await next.working;
    one.end();
    next.end();
    await Promise.all([one.done, two.done, next.done]);
  });

  it.each([
    ['no length', undefined],
    ['more than one may have', 101],
    ['nonsense', 'x'],
    ['less than nothing', -5],
  ])('counts a body of %s as one of the largest', async (_what, length) => {
    const budget = new BodyBudget({ ...SETTINGS, total: 100, perWorkspace: 100 });
    const large = begin(budget, request('a', length));
    await large.working;
    await expect(budget.use(request('b', 1), () => Promise.resolve())).rejects.toMatchObject(BUSY);
    large.end();
    await large.done;
  });

  it('gets back what failed', async () => {
    const budget = new BodyBudget({ ...SETTINGS, total: 100, perWorkspace: 100 });
    const failing = budget.use(request('a', 100), () => Promise.reject(new Error('unreadable')));
    await expect(failing).rejects.toThrow('unreadable');
    expect(await budget.use(request('a', 100), () => Promise.resolve('read'))).toBe('read');
  });
});
