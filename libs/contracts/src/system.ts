import { JOB_STATES } from '@pentaprism/domain';
import { z } from 'zod';
import { defineFact, defineRpc, JOB_OWNERS, type JobOwner, QUEUES, type ServiceName, SERVICES } from './define.js';
import { contentReference, empty, jobError, objectId, serviceHealth } from './schemas.js';

/** Every service says on the bus whether it and what it depends on are well. */
function defineHealth<S extends ServiceName>(owner: S) {
  return defineRpc({
    owner,
    subject: `${owner}.v1.health.check`,
    request: empty,
    response: serviceHealth,
    deadlineMs: 2000,
  });
}

export const healthContracts = Object.fromEntries(
  SERVICES.map((service) => [service, defineHealth(service)]),
) as Record<ServiceName, ReturnType<typeof defineHealth>>;

/** A worker names the start it speaks for; the ledger refuses what comes from an earlier one. */
const attempt = { jobId: objectId, attempt: z.int().positive() };

/** What a job has done so far, under a name that is unique within the job, and the file in the blob store that it is in, if any. */
export const jobPart = z.object({ name: z.string().min(1).max(200), file: contentReference.optional() });
export type JobPart = z.output<typeof jobPart>;

/** What workers tell the owner of a job, and what others ask of it. */
function defineJobReports(owner: JobOwner) {
  return {
    /**
     * Takes a job: with a ticket the one whose turn it is in this queue, without one `jobId` itself. `taken: false`: there is
     * none, or it is finished or aborted, and the ticket must be dropped.
     */
    start: defineRpc({
      owner,
      subject: `${owner}.v1.job.start`,
      request: z.strictObject({
        jobId: objectId,
        worker: z.string().max(200),
        ticket: z.strictObject({ id: z.string().max(200), queue: z.enum(QUEUES) }).optional(),
      }),
      response: z.discriminatedUnion('taken', [
        z.object({
          taken: z.literal(true),
          /** Missing in answers of owners that know no tickets: the job that was asked for. */
          jobId: objectId.optional(),
          attempt: z.int(),
          workspace: z.string(),
          type: z.string(),
          payload: z.unknown(),
          /** What earlier attempts have stored. */
          parts: z.array(jobPart).default([]),
        }),
        z.object({ taken: z.literal(false), state: z.enum(JOB_STATES) }),
      ]),
    }),
    /** Progress, also as a sign of life. `proceed: false`: aborted, or another worker has it now. */
    progress: defineRpc({
      owner,
      subject: `${owner}.v1.job.progress`,
      request: z.strictObject({ ...attempt, progress: z.number().min(0).max(1) }),
      response: z.object({ proceed: z.boolean() }),
    }),
    /**
     * Keeps a part for later attempts, if there is one. `proceed` as that of `progress`. `othersWait`: a job of another project
     * waits in the queue and is next, so that a long job should give its place back. `room`: the bytes that it may keep before,
     * unless its parts are small. An owner of an earlier version names none.
     */
    checkpoint: defineRpc({
      owner,
      subject: `${owner}.v1.job.checkpoint`,
      request: z.strictObject({ ...attempt, part: jobPart.optional() }),
      response: z.object({ proceed: z.boolean(), othersWait: z.boolean(), room: z.int().nonnegative().default(0) }),
    }),
    /** Hands the result in; its effect and the final state are one transaction. */
    complete: defineRpc({
      owner,
      subject: `${owner}.v1.job.complete`,
      request: z.strictObject({ ...attempt, result: z.unknown() }),
      response: z.object({ accepted: z.boolean() }),
      errors: ['INVALID_ARGUMENT'],
      deadlineMs: 15_000,
    }),
    /** The attempt failed. `retryInMs: null`: that was the last one. */
    fail: defineRpc({
      owner,
      subject: `${owner}.v1.job.fail`,
      request: z.strictObject({ ...attempt, error: jobError, retryable: z.boolean() }),
      response: z.object({ retryInMs: z.int().nonnegative().nullable() }),
    }),
    /**
     * A worker that stops gives back what it cannot finish; the start does not count. `behindOthers`: a long job lets jobs go
     * first that have had fewer turns.
     */
    giveBack: defineRpc({
      owner,
      subject: `${owner}.v1.job.give-back`,
      request: z.strictObject({ ...attempt, behindOthers: z.boolean().default(false) }),
      response: empty,
    }),
    /** Ends a queued or running job. */
    abort: defineRpc({
      owner,
      subject: `${owner}.v1.job.abort`,
      request: z.strictObject({ jobId: objectId }),
      response: z.object({ state: z.enum(JOB_STATES) }),
      errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
    }),
  };
}

export type JobReports = ReturnType<typeof defineJobReports>;

export const jobReportContracts = Object.fromEntries(
  JOB_OWNERS.map((owner) => [owner, defineJobReports(owner)]),
) as Record<JobOwner, JobReports>;

export const jobFinished = defineFact({
  // Every owner of jobs publishes it; the catalog, which answers for jobs, stands for them.
  owner: 'catalog',
  name: 'job.finished',
  data: z.object({ jobId: objectId, owner: z.enum(JOB_OWNERS), type: z.string(), state: z.enum(JOB_STATES) }),
});
