import { createInbox } from '@nats-io/transport-node';
import { METRICS_INBOX, METRICS_SUBJECT } from '@pentaprism/contracts';
import { registry } from '@pentaprism/observability';
import { AggregatorRegistry } from 'prom-client';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BusConnection } from './connection.js';
import { jsonOf } from './envelope.js';
import { keepSubscribed } from './keep-subscribed.js';

/** Milliseconds that the gateway waits for the apps' metrics. */
const COLLECT_MS = 300;

/** Identifies the requests of this process, which receives them too but must not count its own metrics twice. */
const THIS_PROCESS = randomUUID();

/** Answers, in every instance, with the metrics of this process. */
export function answerMetrics(connection: BusConnection): void {
  keepSubscribed(connection, connection.prefix + METRICS_SUBJECT, (message) => {
    if (message.string() === THIS_PROCESS) return;
    void registry.getMetricsAsJSON().then((json) => message.respond(JSON.stringify(json)));
  });
}

/** The metrics of all apps on the bus and of this process, in Prometheus' text format. */
export async function collectMetrics({ nats, prefix }: BusConnection): Promise<string> {
  const collected: object[] = [await registry.getMetricsAsJSON()];
  const inbox = createInbox(METRICS_INBOX);
  try {
    const replies = nats.subscribe(inbox, {
      callback: (error, message) => {
        const metricsOfApp = error ? undefined : jsonOf(message);
        if (Array.isArray(metricsOfApp)) collected.push(metricsOfApp);
      },
    });
    nats.publish(prefix + METRICS_SUBJECT, THIS_PROCESS, { reply: inbox });
    await sleep(COLLECT_MS);
    replies.unsubscribe();
  } catch {
    // The connection is closed. The metrics of this process are the answer.
  }
  return AggregatorRegistry.aggregate(collected).metrics();
}
