import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap } from '@nestjs/common';
import type { QueueName } from '@pentaprism/contracts';
import { JobRunner, type QueuedJob } from '@pentaprism/jobs';
import { LOGGER, type Logger } from '@pentaprism/observability';
import type { Job, Worker } from 'bullmq';
import { CONCURRENCY } from './tokens.js';

/** Milliseconds. */
export const OPTIONS = {
  // A lost worker's job is seen as stalled after at most lock + check: 14 s. The lock is renewed by this process, which
  // stays responsive because pixels are touched in others.
  lockDuration: 12_000,
  // A process or Valkey may be silent for at least two thirds of the lock.
  lockRenewTime: 4_000,
  stalledInterval: 2_000,
  // The ledger bounds the starts of a job; the queue must not give up before it.
  maxStalledCount: 100,
};

export class QueueProcessor extends WorkerHost<Worker<QueuedJob>> implements OnApplicationBootstrap {
  constructor(
    @Inject(JobRunner) private readonly runner: JobRunner,
    @Inject(CONCURRENCY) private readonly concurrency: number,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.concurrency;
    this.worker.on('error', (error) => this.logger.warn({ err: error }, 'jobs: worker'));
  }

  process(job: Job<QueuedJob>): Promise<void> {
    return this.runner.process(job);
  }
}

@Processor('analysis' satisfies QueueName, OPTIONS)
export class AnalysisProcessor extends QueueProcessor {}

@Processor('augmentation' satisfies QueueName, OPTIONS)
export class AugmentationProcessor extends QueueProcessor {}

/** Of work that takes all of a core for long, one at a time. */
class LongWorkProcessor extends QueueProcessor {
  override onApplicationBootstrap(): void {
    super.onApplicationBootstrap();
    this.worker.concurrency = 1;
  }
}

@Processor('embedding' satisfies QueueName, OPTIONS)
export class EmbeddingProcessor extends LongWorkProcessor {}

@Processor('import' satisfies QueueName, OPTIONS)
export class ImportProcessor extends LongWorkProcessor {}

@Processor('insight' satisfies QueueName, OPTIONS)
export class InsightProcessor extends LongWorkProcessor {}

@Processor('training' satisfies QueueName, OPTIONS)
export class TrainingProcessor extends LongWorkProcessor {}

/** One for each queue. The module starts all of them, and the shutdown ends all of them. */
export const PROCESSORS = [
  AnalysisProcessor,
  AugmentationProcessor,
  EmbeddingProcessor,
  ImportProcessor,
  InsightProcessor,
  TrainingProcessor,
];
