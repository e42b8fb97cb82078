import { z } from 'zod';
import { defineRpc, QUEUES } from '../define.js';
import { idOrNumber, job } from '../schemas.js';

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
  /** Whether jobs of the workspace wait or run in a queue of the catalog's own. */
  pending: defineRpc({
    owner,
    subject: 'catalog.v1.queue.pending',
    request: z.strictObject({ queue: z.enum(QUEUES) }),
    response: z.object({ pending: z.boolean() }),
  }),
};
