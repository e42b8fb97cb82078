import { Controller, Injectable, type INestMicroservice, type Type } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import { Bus, connectBus, RpcHandler } from '@pentaprism/bus';
import { busVariables, mongoVariables, queueVariables, readConfig } from '@pentaprism/config';
import {
  jobReportContracts,
  makeSamples,
  rpcsOwnedBy,
  type JobPart,
  type JobPayload,
  type JobResult,
  type Rpc,
} from '@pentaprism/contracts';
import { DatabaseModule, OutboxModule } from '@pentaprism/database';
import type { Logger } from '@pentaprism/observability';
import { createService } from '@pentaprism/service';
import type { TestScope } from '@pentaprism/testing';
import { Queue, Worker, type WorkerOptions } from 'bullmq';
import { Types, type ClientSession, type Connection } from 'mongoose';
import { z } from 'zod';
import { JobLedger, type NewJob } from './job-ledger.js';
import { JobOwnerModule } from './job-owner.module.js';
import { JobQueue } from './job-queue.js';
import { JobReports, type JobEffect } from './job-reports.js';
import { JobRunner, type JobControl, type QueuedJob } from './job-runner.js';
import type { JobDocument } from './job.schema.js';
import { Reconciler } from './reconciler.js';

export interface Surroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly natsUrl: string;
  readonly redisUrl: string;
  readonly subjectPrefix: string;
  readonly queuePrefix: string;
  readonly logger: Logger;
}

type Samples = typeof makeSamples;
export type Run = (payload: JobPayload<Samples>, control: JobControl) => Promise<JobResult<Samples>>;

/** Leaves one document for each time that it takes effect, as part of the transaction. */
@Injectable()
class RecordEffect implements JobEffect<Samples> {
  readonly type = makeSamples;

  constructor(@InjectConnection() private readonly connection: Connection) {}

  completed(job: JobDocument, _result: JobResult<Samples>, session: ClientSession): Promise<void> {
    return this.record(job, 'completed', session);
  }

  ended(job: JobDocument, session: ClientSession): Promise<void> {
    return this.record(job, job.state, session);
  }

  private async record(job: JobDocument, what: string, session: ClientSession): Promise<void> {
    await this.connection.collection('effects').insertOne({ job: job._id, what }, { session });
  }
}

/** The contracts that a test of jobs does not need have a handler all the same, or the service would not start. */
function idleController(rpc: Rpc): Type {
  @Controller()
  class IdleController {
    @RpcHandler(rpc)
    async handle(): Promise<never> {
      return undefined as never;
    }
  }
  return IdleController;
}

const isOther = ({ subject }: Rpc) => !/\.v1\.(?:job|health)\./.test(subject);

export interface Owner {
  readonly app: INestMicroservice;
  readonly ledger: JobLedger;
  readonly queue: JobQueue;
  readonly reports: JobReports;
  readonly reconciler: Reconciler;
  /** What took effect for a job. */
  effects(job: { _id: Types.ObjectId }): Promise<string[]>;
  /** Adds a job and puts it on the queue, as a service does for a request. */
  submit(more?: Partial<NewJob<Samples>>): Promise<JobDocument>;
  /** The ledger entry as it is now. */
  read(job: { _id: Types.ObjectId }): Promise<JobDocument>;
}

/** An augmentation service that does nothing but own jobs. */
export async function startOwner(surroundings: Surroundings): Promise<Owner> {
  const schema = z.object({ ...busVariables, ...mongoVariables, ...queueVariables });
  const config = readConfig(schema, surroundings.environment);
  const app = await createService(
    {
      name: 'augmentation',
      config: schema,
      imports: () => [
        DatabaseModule.forRoot(config.MONGODB_URI),
        OutboxModule.forService('augmentation'),
        JobOwnerModule.register({
          owner: 'augmentation',
          redisUrl: config.REDIS_URL,
          queuePrefix: config.QUEUE_PREFIX,
          effects: [RecordEffect],
          imports: [],
        }),
        {
          module: class Others {},
          controllers: rpcsOwnedBy('augmentation').filter(isOther).map(idleController),
        },
      ],
    },
    config,
    surroundings.logger,
  );
  await app.listen();
  const get = <T>(type: Type<T>) => app.get(type, { strict: false });
  const ledger = get(JobLedger);
  const queue = get(JobQueue);
  return {
    app,
    ledger,
    queue,
    reports: get(JobReports),
    reconciler: get(Reconciler),
    effects: async ({ _id }) => {
      const found = await ledger.jobs.db.collection('effects').find({ job: _id }).toArray();
      return found.map((effect) => String(effect['what']));
    },
    submit: async (more = {}) => {
      const job = await ledger.add(makeSamples, { workspace: 'clinic', payload: samplesPayload, ...more });
      await queue.enqueue(job);
      return job;
    },
    read: async ({ _id }) => {
      const job = await ledger.find(_id);
      if (!job) throw new Error('no such job');
      return job;
    },
  };
}

export const samplesPayload: JobPayload<Samples> = {
  workspace: 'clinic',
  projectId: '1'.repeat(24),
  listId: null,
  numberOfRows: 1,
  transformationProbability: 0.5,
  numberOfNewImages: 1,
  transformations: [],
};

export interface TestWorker {
  readonly worker: Worker<QueuedJob>;
  readonly runner: JobRunner;
  readonly bus: Bus;
  close(): Promise<void>;
}

/** A BullMQ worker as the product's, which notices sooner that another one is gone. */
export async function startWorker(
  { natsUrl, redisUrl, subjectPrefix, queuePrefix, logger }: Surroundings,
  run: Run,
  options: Partial<WorkerOptions> = {},
): Promise<TestWorker> {
  const name = `worker-${new Types.ObjectId().toHexString()}`;
  const connection = await connectBus({ url: natsUrl, prefix: subjectPrefix, name, logger });
  const bus = new Bus(connection);
  const runner = new JobRunner(bus, logger, name, [{ type: makeSamples, run }]);
  const worker = new Worker<QueuedJob>(makeSamples.queue, (job) => runner.process(job), {
    connection: { url: redisUrl, maxRetriesPerRequest: null },
    prefix: queuePrefix,
    concurrency: 8,
    lockDuration: 1500,
    stalledInterval: 500,
    maxStalledCount: 100,
    ...options,
  });
  worker.on('error', (error) => logger.warn({ err: error }, 'worker'));
  return {
    worker,
    runner,
    bus,
    close: async () => {
      await worker.close();
      await connection.nats.drain();
    },
  };
}

type Named = Pick<JobDocument, '_id'>;

/** Sends what a worker reports to the owner, and what the gateway requests of it. */
export function reportsOver(bus: Bus) {
  const reports = jobReportContracts.augmentation;
  return {
    start: (job: Named) => bus.call(reports.start, { jobId: job._id.toHexString(), worker: 'by hand' }),
    /** As a worker does that has got a ticket, which was made for the job. */
    take: (id: string, job: Named) =>
      bus.call(reports.start, {
        jobId: job._id.toHexString(),
        worker: 'by hand',
        ticket: { id, queue: makeSamples.queue },
      }),
    progress: (job: Named, attempt: number, progress: number) =>
      bus.call(reports.progress, { jobId: job._id.toHexString(), attempt, progress }),
    checkpoint: (job: Named, attempt: number, part?: JobPart) =>
      bus.call(reports.checkpoint, { jobId: job._id.toHexString(), attempt, part }),
    complete: (job: Named, attempt: number, result: unknown = { originals: [] }) =>
      bus.call(reports.complete, { jobId: job._id.toHexString(), attempt, result }),
    fail: (job: Named, attempt: number, retryable: boolean, code = 'INTERNAL') =>
      bus.call(reports.fail, {
        jobId: job._id.toHexString(),
        attempt,
        retryable,
        error: { code, message: 'broken' },
      }),
    giveBack: (job: Named, attempt: number, behindOthers = false) =>
      bus.call(reports.giveBack, { jobId: job._id.toHexString(), attempt, behindOthers }),
    abort: (job: Named, workspace = 'clinic') =>
      bus.call(reports.abort, { jobId: job._id.toHexString() }, { context: { workspace } }),
  };
}

/** Starts the workers of one suite, and stops them all between its tests. */
export class TestWorkers {
  private readonly started: TestWorker[] = [];

  constructor(private readonly surroundings: () => Surroundings) {}

  async start(run: Run = () => Promise.resolve({ originals: [] })): Promise<TestWorker> {
    const worker = await startWorker(this.surroundings(), run);
    this.started.push(worker);
    return worker;
  }

  async stop(): Promise<void> {
    for (const { runner } of this.started) runner.stop();
    await Promise.all(this.started.splice(0).map((worker) => worker.close()));
  }
}

/** An owner of jobs with its queue, and what calls it and works for it. */
export class JobsUnderTest {
  readonly workers: TestWorkers;

  private constructor(
    private readonly scope: TestScope,
    readonly owner: Owner,
    /** Calls the owner as a worker or the gateway does. */
    readonly caller: TestWorker,
    readonly bullQueue: Queue,
  ) {
    this.workers = new TestWorkers(() => scope);
  }

  static async start(scope: TestScope): Promise<JobsUnderTest> {
    const owner = await startOwner(scope);
    const caller = await startWorker(scope, () => Promise.resolve({ originals: [] }), { autorun: false });
    const connection = { url: scope.redisUrl };
    return new JobsUnderTest(
      scope,
      owner,
      caller,
      new Queue(makeSamples.queue, { connection, prefix: scope.queuePrefix }),
    );
  }

  /** Adds a job to the ledger only: no worker will see it. */
  ledgerOnly(): Promise<JobDocument> {
    return this.owner.ledger.add(makeSamples, { workspace: 'clinic', payload: samplesPayload });
  }

  /** Removes what a test leaves, which must not be work for the next one. */
  async clear(): Promise<void> {
    await this.workers.stop();
    // A ticket that comes later would be one too many for the next test.
    this.owner.queue.cancelLater();
    await this.owner.ledger.jobs.deleteMany({});
    await this.bullQueue.obliterate({ force: true });
  }

  async stop(): Promise<void> {
    await this.bullQueue.close();
    await this.caller.close();
    await this.owner.app.close();
    await this.scope.cleanUp();
  }
}
