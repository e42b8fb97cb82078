/**
 * Jobs: work that outlives a request. A service that owns jobs imports `JobOwnerModule`, adds entries to its
 * `JobLedger` and puts them on the `JobQueue`; workers carry them out with a `JobRunner` and report to the owner.
 *
 * The ledger in MongoDB is the truth. BullMQ only carries ids: what it loses, the reconciler puts back; what it
 * delivers twice, the attempt number of the ledger fences.
 */
export * from './end-job.js';
export * from './job-ledger.js';
export * from './job-owner.module.js';
export * from './job-queue.js';
export { JOB_MODEL, jobSchema, type JobDocument } from './job.schema.js';
export type { JobEffect } from './job-reports.js';
export * from './job-runner.js';
export { LOST_AFTER_MS, Reconciler, REQUEUE_AFTER_MS } from './reconciler.js';
export { Turns } from './turns.js';
