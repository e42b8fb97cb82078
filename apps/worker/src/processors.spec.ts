import { describe, expect, it } from '@jest/globals';
import { QUEUES } from '@pentaprism/contracts';
import { OPTIONS, PROCESSORS } from './processors.js';

describe('locks of jobs', () => {
  const { lockDuration, lockRenewTime, stalledInterval } = OPTIONS;

  it('end early enough for a lost job to go on within 25 s, with 10 s for a new worker to start and take it', () => {
    expect(lockDuration + stalledInterval).toBeLessThanOrEqual(15_000);
  });

  it('outlast a silence of 8 s', () => {
    expect(lockDuration - lockRenewTime).toBeGreaterThanOrEqual(8000);
  });
});

describe('the processors of the worker', () => {
  it('take jobs of every queue, each of one', () => {
    const queues = PROCESSORS.map((processor) => Reflect.getMetadata('bullmq:processor_metadata', processor).name);
    expect(queues.toSorted()).toEqual([...QUEUES].toSorted());
  });
});
