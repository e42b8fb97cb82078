import { describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { jobReportContracts } from '@pentaprism/contracts';
import { DomainError, type ErrorCode } from '@pentaprism/domain';
import { Types } from 'mongoose';
import { endJob } from './end-job.js';

const job = new Types.ObjectId();
const busThat = (answer: () => Promise<unknown>) => {
  const calls: unknown[][] = [];
  const call = (...call: unknown[]) => (calls.push(call), answer());
  return { calls, bus: { call } as unknown as Bus };
};

describe('endJob', () => {
  it('calls the owner in the workspace of the job', async () => {
    const { bus, calls } = busThat(() => Promise.resolve({}));
    await endJob(bus, 'insights', { workspace: 'w', job });
    const request = { jobId: job.toHexString() };
    expect(calls).toEqual([[jobReportContracts.insights.abort, request, { context: { workspace: 'w' } }]]);
  });

  it.each<ErrorCode>(['NOT_FOUND', 'FAILED_PRECONDITION'])(
    'does nothing if the owner answers %s, because the job has ended',
    async (code) => {
      const { bus } = busThat(() => Promise.reject(new DomainError(code, 'no')));
      await expect(endJob(bus, 'training-ingest', { workspace: 'w', job })).resolves.toBeUndefined();
    },
  );

  it('throws if the owner cannot be reached', async () => {
    const { bus } = busThat(() => Promise.reject(new DomainError('UNAVAILABLE', 'no')));
    await expect(endJob(bus, 'training-ingest', { workspace: 'w', job })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});
