import {
  Inject,
  Injectable,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { getModelToken, MongooseModule } from '@nestjs/mongoose';
import { FactPublisher } from '@pentaprism/bus';
import type { Fact, FactData, ServiceName } from '@pentaprism/contracts';
import { currentContext, LOGGER, newTraceId, type CallContext, type Logger } from '@pentaprism/observability';
import { Schema, type ClientSession, type Model, trusted, type Types } from 'mongoose';
import { setTimeout as sleep } from 'node:timers/promises';

interface OutboxEntry {
  _id: Types.ObjectId;
  name: string;
  data: unknown;
  context: CallContext;
}

const schema = new Schema<OutboxEntry>(
  { name: { type: String, required: true }, data: Schema.Types.Mixed, context: Schema.Types.Mixed },
  { versionKey: false },
);

const MODEL = 'OutboxEntry';
/** Milliseconds between looks for facts that an interrupted process left behind. */
const SWEEP_MS = 1000;
const BATCH = 100;
/** Milliseconds that a stop waits for what is being published. What is left over is published after the next start. */
const STOP_LIMIT_MS = 1000;
/** Milliseconds in which commits gather: under load one read and one removal serve many of them. */
const GATHER_MS = 10;

/**
 * Facts travel from the transaction that makes them true to JetStream: written beside the data, published after the
 * commit, removed when the server has them. A crash in between publishes them later; the server drops duplicates.
 */
@Injectable()
export class Outbox implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private draining: Promise<void> | undefined;
  private again = false;
  private stopped = false;

  constructor(
    @Inject(getModelToken(MODEL)) private readonly entries: Model<OutboxEntry>,
    private readonly publisher: FactPublisher,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Part of the caller's transaction. Call `flush` after the commit. */
  add<F extends Fact>(session: ClientSession, fact: F, data: FactData<F>, workspace: string): Promise<void> {
    return this.addAll(session, fact, [{ data, context: this.contextFor(workspace) }]);
  }

  /** What a fact that belongs to the present call is published with. */
  contextFor(workspace: string): CallContext {
    const { traceId, actor } = currentContext() ?? { traceId: newTraceId(), actor: '' };
    return { traceId, actor, workspace };
  }

  /** As `add`, for facts of several calls. */
  async addAll<F extends Fact>(
    session: ClientSession,
    fact: F,
    facts: readonly { readonly data: FactData<F>; readonly context: CallContext }[],
  ): Promise<void> {
    if (facts.length === 0) return;
    const entries = facts.map(({ data, context }) => ({ name: fact.name, data: fact.data.parse(data), context }));
    await this.entries.collection.insertMany(entries, { session });
  }

  /** Publishes what is there, without making the caller wait. */
  flush(): void {
    if (this.stopped) return;
    if (this.draining) {
      this.again = true;
      return;
    }
    this.draining = this.drain()
      .catch((error: unknown) => this.logger.warn({ err: error }, 'outbox: facts stay until they can be published'))
      .finally(() => {
        this.draining = undefined;
        if (this.again && !this.stopped) {
          this.again = false;
          this.flush();
        }
      });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.flush(), SWEEP_MS);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await Promise.race([this.draining, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  }

  private async drain(): Promise<void> {
    await sleep(GATHER_MS);
    for (;;) {
      const batch = await this.entries.find({}).sort({ _id: 1 }).limit(BATCH).lean();
      // What is left is published after the next start, or by another instance.
      if (batch.length === 0 || this.stopped) return;
      await this.publish(batch);
      if (batch.length < BATCH) return;
    }
  }

  /** All at once: one connection keeps their order, and what the server has is removed with one command. */
  private async publish(batch: readonly OutboxEntry[]): Promise<void> {
    const outcomes = await Promise.allSettled(
      batch.map(({ _id, name, data, context }) =>
        this.publisher.publish({ id: _id.toHexString(), name, data, context }),
      ),
    );
    const published = batch.filter((_, i) => outcomes[i]?.status === 'fulfilled').map(({ _id }) => _id);
    await this.entries.deleteMany({ _id: trusted({ $in: published }) });
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

/** The outbox of one service, in a collection of its own. */
@Module({})
export class OutboxModule {
  static forService(service: ServiceName): DynamicModule {
    return {
      module: OutboxModule,
      imports: [MongooseModule.forFeature([{ name: MODEL, schema, collection: `${service}_outbox` }])],
      providers: [Outbox],
      exports: [Outbox],
      global: true,
    };
  }
}
