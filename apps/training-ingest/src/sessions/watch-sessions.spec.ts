import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Bus, CallOptions } from '@pentaprism/bus';
import { radiographContracts, type Rpc } from '@pentaprism/contracts';
import { DomainError, MAX_PAGE_SIZE } from '@pentaprism/domain';
import type { Logger } from '@pentaprism/observability';
import type { ModalitySessions } from './modality-sessions.js';
import { WATCH_MS, WatchSessions } from './watch-sessions.usecase.js';

const DOWN = new DomainError('UPSTREAM_FAILED', 'The modality does not answer.');

describe('WatchSessions', () => {
  let listed: { workspace: string; sessionId: string }[];
  let active: (sessionId: string) => Promise<boolean>;
  let ended: string[];
  let endFailure: DomainError | undefined;
  let endHangs: boolean;
  let calls: { subject: string; request: unknown; context: unknown }[];
  let log: { level: string; message: string }[];
  let watch: WatchSessions;

  beforeEach(() => {
    listed = [
      { workspace: 'w1', sessionId: 'a' },
      { workspace: 'w2', sessionId: 'b' },
    ];
    active = () => Promise.resolve(true);
    ended = [];
    endFailure = undefined;
    endHangs = false;
    calls = [];
    log = [];
    const call = async (
      rpc: Rpc,
      request: { sessionId?: string; after?: { sessionId: string } | null; limit: number },
      { context }: CallOptions = {},
    ) => {
      calls.push({ subject: rpc.subject, request, context });
      if (rpc.subject === radiographContracts.listSessions.subject) {
        const from = listed.findIndex(({ sessionId }) => sessionId === request.after?.sessionId) + 1;
        return { sessions: listed.slice(from, from + request.limit) };
      }
      if (endFailure) throw endFailure;
      if (endHangs) await new Promise(() => undefined);
      ended.push(`${context?.workspace} ${request.sessionId}`);
      return { deleted: 1 };
    };
    const note = (level: string) => (_facts: object, message: string) => log.push({ level, message });
    const sessions = { isActive: (_workspace: string, sessionId: string) => active(sessionId) };
    watch = new WatchSessions(
      { call } as unknown as Bus,
      sessions as ModalitySessions,
      { info: note('info'), warn: note('warn') } as unknown as Logger,
    );
  });
  afterEach(async () => {
    await watch.onModuleDestroy();
    jest.useRealTimers();
  });
  const warnings = () => log.filter(({ level }) => level === 'warn').map(({ message }) => message);

  it('asks for every session, however many pages they fill', async () => {
    listed = Array.from({ length: 2 * MAX_PAGE_SIZE }, (_, i) => ({ workspace: 'w', sessionId: String(i) }));
    const asked = new Set<string>();
    active = (sessionId) => Promise.resolve(asked.add(sessionId).size > 0);
    await watch.watch();
    expect(asked.size).toBe(listed.length);
  });

  it('ends what is over, in its own workspace, and nothing else', async () => {
    active = (sessionId) => Promise.resolve(sessionId !== 'b');
    await watch.watch();
    expect(ended).toEqual([]);
    await watch.watch();
    expect(ended).toEqual(['w2 b']);
    expect(calls[0]).toEqual({
      subject: radiographContracts.listSessions.subject,
      request: { limit: MAX_PAGE_SIZE, after: null },
      context: { workspace: '' },
    });
  });

  it('ends nothing that is there again the next time', async () => {
    for (const isActive of [false, true, false, true]) {
      active = () => Promise.resolve(isActive);
      await watch.watch();
    }
    expect(ended).toEqual([]);
  });

  it('ends nothing at a modality that is down, and says so once per outage', async () => {
    active = () => Promise.reject(DOWN);
    for (let round = 0; round < 3; round += 1) await watch.watch();
    expect(ended).toEqual([]);
    expect(warnings()).toHaveLength(1);
    listed = [];
    await watch.watch();
    listed = [{ workspace: 'w1', sessionId: 'a' }];
    await watch.watch();
    expect(warnings()).toHaveLength(1);
    active = () => Promise.resolve(true);
    await watch.watch();
    expect(log.at(-1)).toMatchObject({ level: 'info', message: expect.stringContaining('again') });
    active = () => Promise.reject(DOWN);
    await watch.watch();
    expect(warnings()).toHaveLength(2);
  });

  it('gives a round up in which nothing but failures come', async () => {
    listed = Array.from({ length: 500 }, (_, n) => ({ workspace: 'w1', sessionId: `${n}` }));
    let asked = 0;
    active = () => {
      asked += 1;
      return Promise.reject(DOWN);
    };
    await watch.watch();
    expect(asked).toBeLessThan(20);
  });

  it('asks for all others where some fail again and again', async () => {
    listed = Array.from({ length: 200 }, (_, n) => ({ workspace: 'w1', sessionId: `${n}` }));
    const poisoned = (sessionId: string) => Number(sessionId) < 20 || Number(sessionId) >= 180;
    active = (sessionId) => (poisoned(sessionId) ? Promise.reject(DOWN) : Promise.resolve(false));
    for (let round = 0; round < 12 && ended.length < 160; round += 1) await watch.watch();
    expect(new Set(ended).size).toBe(160);
    expect(ended.filter((each) => poisoned(each.slice(3)))).toEqual([]);
  });

  it('goes on when the catalog does not end one, which the next round ends', async () => {
    active = () => Promise.resolve(false);
    endFailure = new DomainError('UNAVAILABLE', 'The catalog service does not answer.');
    await watch.watch();
    await watch.watch();
    expect(warnings()).toHaveLength(2);
    expect(ended).toEqual([]);
    endFailure = undefined;
    await watch.watch();
    expect(ended.sort()).toEqual(['w1 a', 'w2 b']);
  });

  it('has a round every fifteen seconds, also after one that failed', async () => {
    jest.useFakeTimers();
    const rounds = () => calls.filter(({ subject }) => subject === radiographContracts.listSessions.subject).length;
    watch.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(WATCH_MS - 1);
    expect(rounds()).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    expect(rounds()).toBe(1);
    // Not a list: the round fails.
    listed = null as never;
    await jest.advanceTimersByTimeAsync(WATCH_MS);
    await jest.advanceTimersByTimeAsync(WATCH_MS);
    expect(rounds()).toBe(3);
    expect(warnings()).toHaveLength(2);
  });

  it('is stopped while the catalog hangs', async () => {
    jest.useFakeTimers();
    active = () => Promise.resolve(false);
    endHangs = true;
    watch.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(2 * WATCH_MS);
    expect(calls).toHaveLength(4);
    await watch.onModuleDestroy();
  });

  it('is stopped in the middle of a round by a device that hangs, without ending anything', async () => {
    jest.useFakeTimers();
    let answer: (active: boolean) => void = () => undefined;
    active = () => new Promise((resolve) => (answer = resolve));
    watch.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(WATCH_MS);
    await watch.onModuleDestroy();
    answer(false);
    await jest.advanceTimersByTimeAsync(10 * WATCH_MS);
    expect(ended).toEqual([]);
    expect(calls).toHaveLength(1);
    expect(log).toEqual([]);
  });
});
