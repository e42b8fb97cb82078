import { getQueueToken, BullModule } from '@nestjs/bullmq';
import { Module, type DynamicModule, type ModuleMetadata, type Type } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { ALL_JOBS, type JobOwner, type JobType, type QueueName } from '@pentaprism/contracts';
import type { Queue } from 'bullmq';
import { JobLedger, JOB_OWNER } from './job-ledger.js';
import { JobQueue, JOB_QUEUES, PRODUCER_CONNECTION } from './job-queue.js';
import { JobReports, JOB_EFFECTS, type JobEffect } from './job-reports.js';
import { createJobReportsController } from './job-reports.controller.js';
import { JOB_MODEL, jobSchema } from './job.schema.js';
import { Reconciler } from './reconciler.js';
import { Turns } from './turns.js';

export interface JobOwnerOptions {
  readonly owner: JobOwner;
  readonly redisUrl: string;
  readonly queuePrefix: string;
  /** One class for each type of job that the service owns. */
  readonly effects: readonly Type<JobEffect<JobType>>[];
  /** Modules that the effects need. */
  readonly imports: ModuleMetadata['imports'];
}

/** What a service that owns jobs needs: ledger, queues, reconciler, and the handlers of the workers' reports. */
@Module({})
export class JobOwnerModule {
  static register(options: JobOwnerOptions): DynamicModule {
    const names = [...new Set(ALL_JOBS.filter((job) => job.owner === options.owner).map((job) => job.queue))];
    return {
      module: JobOwnerModule,
      imports: [
        MongooseModule.forFeature([{ name: JOB_MODEL, schema: jobSchema }]),
        BullModule.forRoot({
          connection: { url: options.redisUrl, ...PRODUCER_CONNECTION },
          prefix: options.queuePrefix,
        }),
        BullModule.registerQueue(...names.map((name) => ({ name }))),
        ...(options.imports ?? []),
      ],
      controllers: [createJobReportsController(options.owner)],
      providers: [
        { provide: JOB_OWNER, useValue: options.owner },
        {
          provide: JOB_QUEUES,
          inject: names.map((name) => getQueueToken(name)),
          useFactory: (...queues: Queue[]) =>
            new Map<QueueName, Queue>(names.map((name, i) => [name, queues[i] as Queue])),
        },
        ...options.effects,
        {
          provide: JOB_EFFECTS,
          inject: [...options.effects],
          useFactory: (...effects: JobEffect<JobType>[]) => effects,
        },
        JobLedger,
        JobQueue,
        JobReports,
        Reconciler,
        Turns,
      ],
      exports: [JobLedger, JobQueue],
    };
  }
}
