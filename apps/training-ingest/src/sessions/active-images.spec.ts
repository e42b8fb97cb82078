import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ModalityReference } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { ModalitySessions } from './modality-sessions.js';
import { ACTIVE_MS, ActiveImages } from './active-images.js';

const IMAGE = { sessionId: 's', imageId: 'i' };

describe('ActiveImages', () => {
  let asked: string[];
  let answer: () => Promise<boolean>;
  let now: number;
  let images: ActiveImages;

  beforeEach(() => {
    asked = [];
    answer = () => Promise.resolve(true);
    now = 1000;
    const sessions = {
      hasImage: (workspace: string, { sessionId, imageId }: ModalityReference) => {
        asked.push(`${workspace} ${sessionId} ${imageId}`);
        return answer();
      },
    };
    images = new ActiveImages(sessions as ModalitySessions);
    images.now = () => now;
  });

  it('remembers for five seconds that one is there', async () => {
    expect(await images.has('w1', IMAGE)).toBe(true);
    now += ACTIVE_MS - 1;
    expect(await images.has('w1', IMAGE)).toBe(true);
    expect(asked).toHaveLength(1);
    now += 1;
    expect(await images.has('w1', IMAGE)).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it('counts from the question: the answer is not newer than that', async () => {
    answer = async () => {
      now += 3000;
      return true;
    };
    await images.has('w1', IMAGE);
    now += ACTIVE_MS - 3000;
    await images.has('w1', IMAGE);
    expect(asked).toHaveLength(2);
  });

  it('keeps workspaces, sessions and images apart', async () => {
    await images.has('w1', IMAGE);
    await images.has('w2', IMAGE);
    await images.has('w1', { ...IMAGE, sessionId: 't' });
    await images.has('w1', { ...IMAGE, imageId: 'j' });
    expect(asked).toEqual(['w1 s i', 'w2 s i', 'w1 t i', 'w1 s j']);
  });

  it('asks once for all who ask at the same time', async () => {
    let reply: (active: boolean) => void = () => undefined;
    answer = () => new Promise((resolve) => (reply = resolve));
    const all = Promise.all(Array.from({ length: 20 }, () => images.has('w1', IMAGE)));
    reply(true);
    expect(await all).toEqual(Array.from({ length: 20 }, () => true));
    expect(asked).toHaveLength(1);
  });

  it('asks again after a no', async () => {
    answer = () => Promise.resolve(false);
    expect(await images.has('w1', IMAGE)).toBe(false);
    answer = () => Promise.resolve(true);
    expect(await images.has('w1', IMAGE)).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it('asks again after a failure, which all who asked at the same time get', async () => {
    const failure = new DomainError('UPSTREAM_FAILED', 'down');
    answer = () => Promise.reject(failure);
    const results = await Promise.allSettled([images.has('w1', IMAGE), images.has('w1', IMAGE)]);
    expect(results).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ]);
    expect(asked).toHaveLength(1);
    answer = () => Promise.resolve(true);
    expect(await images.has('w1', IMAGE)).toBe(true);
  });
});
