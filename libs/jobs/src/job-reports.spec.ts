import { expect, it } from '@jest/globals';
import { ALL_JOBS, computeEmbeddings } from '@pentaprism/contracts';
import type { Outbox, Transactions } from '@pentaprism/database';
import type { ClientSession } from 'mongoose';
import { Types } from 'mongoose';
import type { JobLedger } from './job-ledger.js';
import type { JobQueue } from './job-queue.js';
import { JobReports } from './job-reports.js';
import type { JobDocument } from './job.schema.js';
import type { Turns } from './turns.js';

const JOB = { _id: new Types.ObjectId(), type: computeEmbeddings.type, state: 'running' } as JobDocument;

/** Fails a job that is not wanted any more. Returns what was done, in this order. */
async function stepsOfFailure(): Promise<string[]> {
  const steps: string[] = [];
  const ledger = {
    owner: computeEmbeddings.owner,
    find: () => Promise.resolve(JOB),
    finish: (_id: Types.ObjectId, state: string) => {
      steps.push(state);
      return Promise.resolve(JOB);
    },
  };
  const transactions = {
    run: async (work: (session: ClientSession) => Promise<unknown>) => {
      steps.push('transaction');
      return work({} as ClientSession);
    },
  };
  const isWanted = () => {
    steps.push('is it wanted?');
    return Promise.resolve(false);
  };
  const owned = ALL_JOBS.filter(({ owner }) => owner === computeEmbeddings.owner);
  const effects = owned.map((type) => ({ type, completed: () => Promise.resolve(), isWanted }));
  const reports = new JobReports(
    ledger as unknown as JobLedger,
    {} as JobQueue,
    { charge: () => undefined } as unknown as Turns,
    { flush: () => undefined } as unknown as Outbox,
    transactions as unknown as Transactions,
    effects,
  );
  const error = { code: 'NOT_FOUND', message: 'as told' };
  await reports.fail({ jobId: JOB._id.toHexString(), attempt: 1, error, retryable: false });
  return steps;
}

it('checks whether a job is wanted before the transaction that ends it, because the check may call other services', async () => {
  expect(await stepsOfFailure()).toEqual(['is it wanted?', 'transaction', 'aborted']);
});
