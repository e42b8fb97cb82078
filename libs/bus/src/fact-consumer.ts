import { jetstream, jetstreamManager, type ConsumerMessages, type JsMsg } from '@nats-io/jetstream';
import { consumerName, deadSubject, factSubject, streamName, type Fact, type ServiceName } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { metrics, runWithContext, type CallContext, type Logger } from '@pentaprism/observability';
import type { BusConnection } from './connection.js';
import { contextOf, headersOf } from './envelope.js';
import { ensureStreams } from './facts.js';

/** Deliveries of one fact before it goes to the dead-letter subject. */
export const MAX_DELIVERIES = 5;
/** Milliseconds before an unanswered delivery is repeated. */
const ACK_WAIT_MS = 30_000;
/** Facts that one consumer handles at once: a slow handler must not collect them in memory. */
const MAX_IN_FLIGHT = 16;
/** Milliseconds before the next delivery of a fact that failed: doubled each time. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5000;
const RESTART_WAIT_MS = 1000;

export interface ConsumedFact {
  readonly service: ServiceName;
  readonly fact: Fact;
  readonly handle: (data: unknown, context: CallContext) => Promise<void>;
}

/** One durable pull consumer: every instance of the service shares it, and each fact is handled by one of them. */
export class FactConsumer {
  private messages: ConsumerMessages | undefined;
  private stopped = false;
  private running: Promise<void> = Promise.resolve();
  private readonly inFlight = new Set<Promise<void>>();

  constructor(
    private readonly connection: BusConnection,
    private readonly consumed: ConsumedFact,
    private readonly logger: Logger,
  ) {}

  get name(): string {
    return consumerName(this.consumed.service, this.consumed.fact.name);
  }

  start(): void {
    this.running = this.run();
  }

  /** Takes no more facts, and waits for those being handled. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.messages?.close();
    await this.running;
    await Promise.allSettled(this.inFlight);
  }

  /** Consumes until stopped, and starts again when the server, the stream or the consumer was lost. */
  private async run(): Promise<void> {
    while (!this.stopped) {
      try {
        this.messages = await this.consume();
        // `stop` was called while this was being opened, and could not close it.
        if (this.stopped) void this.messages.close();
        for await (const message of this.messages) {
          const handling = this.handle(message).finally(() => this.inFlight.delete(handling));
          this.inFlight.add(handling);
          if (this.inFlight.size >= MAX_IN_FLIGHT) await Promise.race(this.inFlight);
        }
      } catch (error) {
        if (!this.stopped) this.logger.warn({ err: error, consumer: this.name }, 'facts: consumer starts again');
      }
      if (!this.stopped) await new Promise((resolve) => setTimeout(resolve, RESTART_WAIT_MS));
    }
  }

  private async consume(): Promise<ConsumerMessages> {
    const { nats, prefix } = this.connection;
    await ensureStreams(this.connection);
    const stream = streamName(prefix, 'FACTS');
    const manager = await jetstreamManager(nats);
    await manager.consumers.add(stream, {
      durable_name: this.name,
      ack_policy: 'explicit',
      filter_subject: factSubject(prefix, this.consumed.fact.name),
      ack_wait: ACK_WAIT_MS * 1_000_000,
      max_ack_pending: MAX_IN_FLIGHT * 4,
    });
    const consumer = await jetstream(nats).consumers.get(stream, this.name);
    const messages = await consumer.consume({ max_messages: MAX_IN_FLIGHT, idle_heartbeat: 5000 });
    void this.watch(messages);
    return messages;
  }

  /** A consumer that vanished (its stream's store was lost) is only told as a notification. */
  private async watch(messages: ConsumerMessages): Promise<void> {
    for await (const status of messages.status()) {
      if (['consumer_deleted', 'consumer_not_found', 'stream_not_found', 'heartbeats_missed'].includes(status.type)) {
        await messages.close();
        return;
      }
    }
  }

  private async handle(message: JsMsg): Promise<void> {
    const { fact, handle } = this.consumed;
    const context = contextOf(message.headers);
    if (message.info.deliveryCount > 1) metrics.facts.inc({ fact: fact.name, outcome: 'redelivered' });
    try {
      const data = fact.data.parse(message.json());
      await runWithContext(context, () => handle(data, context));
      message.ack();
      metrics.facts.inc({ fact: fact.name, outcome: 'handled' });
    } catch (error) {
      await this.failed(message, error);
    }
  }

  private async failed(message: JsMsg, error: unknown): Promise<void> {
    const { fact } = this.consumed;
    const delivery = message.info.deliveryCount;
    this.logger.warn({ err: error, consumer: this.name, delivery }, 'facts: handler failed');
    // An outage is no fault of the fact: however long it lasts, the fact comes again.
    const outage = DomainError.is(error, 'UNAVAILABLE') || DomainError.is(error, 'DEADLINE_EXCEEDED');
    if (outage || delivery < MAX_DELIVERIES) {
      message.nak(Math.min(FIRST_RETRY_MS * 2 ** (delivery - 1), LONGEST_RETRY_MS));
      return;
    }
    try {
      const { nats, prefix } = this.connection;
      const subject = deadSubject(prefix, this.name, fact.name);
      await jetstream(nats).publish(subject, message.data, {
        headers: headersOf(contextOf(message.headers)),
        // The fact's own id would be the same for every consumer that gives it up, and the stream keep only the first.
        msgID: `${this.name}:${message.headers?.get('Nats-Msg-Id') || message.seq}`,
      });
      message.term('given up');
      metrics.facts.inc({ fact: fact.name, outcome: 'dead' });
      this.logger.error({ consumer: this.name, subject }, 'facts: given up, kept as a dead letter');
    } catch (deadError) {
      // Not acknowledged: it comes again, and the dead letter is tried again.
      this.logger.error({ err: deadError, consumer: this.name }, 'facts: the dead letter could not be kept');
    }
  }
}
