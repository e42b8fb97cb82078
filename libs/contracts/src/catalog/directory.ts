import { JOB_STATES } from '@pentaprism/domain';
import { z } from 'zod';
import { defineRpc, QUEUES } from '../define.js';
import { idOrNumber, job, objectId, paging } from '../schemas.js';

const owner = 'catalog' as const;

export const counterContracts = {
  /** The next number of a sequence of the workspace: atomic, increasing, never given twice. */
  next: defineRpc({
    owner,
    subject: 'catalog.v1.counter.next',
    request: z.strictObject({ sequence: z.enum(['tag', 'job']), count: z.int().min(1).max(1000).default(1) }),
    response: z.object({ first: z.int().positive() }),
  }),
};

/** The system time, for apps without a database. */
export const timeContracts = {
  get: defineRpc({
    owner,
    subject: 'catalog.v1.time.get',
    request: z.strictObject({}),
    /** Milliseconds since 1970. */
    response: z.object({ now: z.number() }),
  }),
};

export const jobDirectoryContracts = {
  /** A job of any owner, by id or number: every look-up goes to the catalog, every change to the owner. */
  get: defineRpc({
    owner,
    subject: 'catalog.v1.job.get',
    request: idOrNumber,
    response: job,
    errors: ['NOT_FOUND'],
  }),
  /** Lists jobs of a project, of any owner, oldest first. Jobs stay for 30 days after their end. */
  list: defineRpc({
    owner,
    subject: 'catalog.v1.job.list',
    request: z.strictObject({
      projectId: objectId,
      types: z.array(z.string().max(100)).min(1).max(20),
      states: z.array(z.enum(JOB_STATES)).min(1).max(JOB_STATES.length),
      offset: paging.offset,
      limit: paging.limit,
    }),
    response: z.object({ jobs: z.array(job), total: z.int().nonnegative() }),
  }),
  /** Whether jobs of the workspace wait or run in a queue of the catalog's own. */
  pending: defineRpc({
    owner,
    subject: 'catalog.v1.queue.pending',
    request: z.strictObject({ queue: z.enum(QUEUES) }),
    response: z.object({ pending: z.boolean() }),
  }),
};
