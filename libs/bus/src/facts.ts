import { factSubject, streamName, type Fact } from '@pentaprism/contracts';
import { metrics, type CallContext } from '@pentaprism/observability';
import { jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import type { BusConnection } from './connection.js';
import { headersOf, jsonOf } from './envelope.js';
import { keepSubscribed } from './keep-subscribed.js';

/** Facts are kept this long even if no consumer exists yet. */
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;
/** A fact published again within this time (an outbox that was interrupted) is dropped by the server. */
const DUPLICATE_WINDOW_MS = 2 * 60 * 1000;

const nanoseconds = (ms: number) => ms * 1_000_000;

/** Makes the streams where they are missing; also after their store was lost. */
export async function ensureStreams({ nats, prefix }: BusConnection): Promise<void> {
  const { streams } = await jetstreamManager(nats);
  const wanted = [
    { name: streamName(prefix, 'FACTS'), subjects: [`${prefix}facts.>`] },
    { name: streamName(prefix, 'DEAD'), subjects: [`${prefix}dead.>`] },
  ];
  for (const { name, subjects } of wanted) {
    // Adding a stream that exists with the same configuration is a no-op on the server.
    await streams.add({
      name,
      subjects,
      max_age: nanoseconds(MAX_AGE_MS),
      duplicate_window: nanoseconds(DUPLICATE_WINDOW_MS),
    });
  }
}

export interface PublishedFact {
  /** Unique: the server drops a second publication of it. */
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly context: CallContext;
}

/** Publishes facts to JetStream, and returns when the server has them on disk. Services use it through their outbox. */
export class FactPublisher {
  private readonly client: JetStreamClient;

  constructor(private readonly connection: BusConnection) {
    this.client = jetstream(connection.nats, { timeout: 5000 });
  }

  async publish(fact: PublishedFact): Promise<void> {
    const subject = factSubject(this.connection.prefix, fact.name);
    const send = () =>
      this.client.publish(subject, JSON.stringify(fact.data), { msgID: fact.id, headers: headersOf(fact.context) });
    try {
      await send();
    } catch {
      // The stream may have been lost with the server's store: make it again, once.
      await ensureStreams(this.connection);
      await send();
    }
    metrics.facts.inc({ fact: fact.name, outcome: 'published' });
  }
}

/** Listens to facts as they pass, without a durable consumer: for those who only want to know sooner. */
export function watchFact<F extends Fact>(
  connection: BusConnection,
  fact: F,
  seen: (data: unknown) => void,
): () => void {
  const subscription = keepSubscribed(connection, factSubject(connection.prefix, fact.name), (message) => {
    const parsed = fact.data.safeParse(jsonOf(message));
    if (parsed.success) seen(parsed.data);
  });
  return () => subscription.unsubscribe();
}
