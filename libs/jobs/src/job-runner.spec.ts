import { describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { jobReportContracts, makeSamples, type JobOwner } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { createLogger } from '@pentaprism/observability';
import type { Job as BullJob } from 'bullmq';
import { samplesPayload } from './job-owner.fixture.js';
import { JobRunner, type QueuedJob } from './job-runner.js';

const OWNER: JobOwner = 'augmentation';
const reports = jobReportContracts[OWNER];

/** Runs a job whose handler throws `error`. Returns the log lines, and what its owner was sent. */
async function linesOf(error: Error) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger('worker', 'info', {
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const sent: unknown[] = [];
  const started = {
    ...{ taken: true, attempt: 1, workspace: 'clinic', type: makeSamples.type, payload: samplesPayload },
    parts: [],
  };
  const call = (contract: unknown, request: unknown) => {
    if (contract === reports.fail) sent.push(request);
    return Promise.resolve(contract === reports.start ? started : {});
  };
  const runner = new JobRunner({ call } as unknown as Bus, logger, 'worker', [
    { type: makeSamples, run: () => Promise.reject(error) },
  ]);
  const ticket = { id: 'job', queueName: makeSamples.queue, data: { jobId: 'job', owner: OWNER } };
  await runner.process(ticket as BullJob<QueuedJob>);
  return { lines, sent };
}

describe('the log of failed jobs', () => {
  it("has a line without a stack for what is wrong with a user's input", async () => {
    const error = new DomainError('INVALID_ARGUMENT', 'The table is empty.', {}, { cause: new Error('no rows') });

    const { lines, sent } = await linesOf(error);

    expect(lines).toEqual([
      expect.objectContaining({ level: 'info', code: 'INVALID_ARGUMENT', msg: 'jobs: The table is empty.: no rows' }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('stack');
    expect(sent).toEqual([expect.objectContaining({ retryable: false })]);
  });

  it.each([new DomainError('UNAVAILABLE', 'The catalog does not answer.'), new TypeError('x is undefined')])(
    'has the stack of what is no fault of a user: %s',
    async (error) => {
      const { lines, sent } = await linesOf(error);

      expect(lines).toEqual([
        expect.objectContaining({
          level: 'warn',
          msg: 'jobs: attempt failed',
          err: expect.objectContaining({ stack: expect.stringContaining(error.message) }) as unknown,
        }),
      ]);
      expect(sent).toEqual([expect.objectContaining({ retryable: true })]);
    },
  );
});
