import type { Signal, SignalData } from '@pentaprism/contracts';
import type { BusConnection } from './connection.js';
import { jsonOf } from './envelope.js';
import { keepSubscribed } from './keep-subscribed.js';

/**
 * Sends a signal to every listener. What this connection sends afterwards, such as the answer to a call, reaches them
 * later. Never throws, because a signal may be lost.
 */
export function sendSignal<S extends Signal>({ nats, prefix }: BusConnection, signal: S, data: SignalData<S>): void {
  try {
    nats.publish(prefix + signal.subject, JSON.stringify(data));
  } catch {
    // The connection is closed, and the signal is lost.
  }
}

/** @returns a function that ends it */
export function watchSignal<S extends Signal>(
  connection: BusConnection,
  signal: S,
  heard: (data: SignalData<S>) => void,
): () => void {
  const subscription = keepSubscribed(connection, connection.prefix + signal.subject, (message) => {
    const parsed = signal.data.safeParse(jsonOf(message));
    if (parsed.success) heard(parsed.data as SignalData<S>);
  });
  return () => subscription.unsubscribe();
}
