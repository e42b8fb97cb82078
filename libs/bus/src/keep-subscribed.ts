import type { Msg } from '@nats-io/transport-node';
import type { BusConnection } from './connection.js';

/** Milliseconds until a refused subscription is made again. The delay doubles with each refusal in a row. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;
/** Milliseconds after which a subscription counts as accepted, so that its next refusal is the first in a row. */
const ACCEPTED_AFTER_MS = 60_000;

export interface KeptSubscription {
  /** Ends the subscription when the messages that have been sent are handled. Does nothing for a refused one. */
  drain(): Promise<void>;
  unsubscribe(): void;
}

/**
 * Subscribes until the subscription is ended. NATS refuses a subscription for ever if the app has no permission, and
 * removes one when an operator takes the permission away. Neither of them recovers with the permission, so this subscribes
 * again after each refusal, with back-off. The connection logs each refusal.
 */
export function keepSubscribed(
  { nats, refusals }: BusConnection,
  subject: string,
  receive: (message: Msg) => void,
  options: { readonly queue?: string } = {},
): KeptSubscription {
  const callback = (error: Error | null, message: Msg) => {
    if (!error) receive(message);
  };
  let subscription = nats.subscribe(subject, { ...options, callback });
  let subscribedAt = performance.now();
  let refusalsInRow = 0;
  let retry: NodeJS.Timeout | undefined;
  const subscribe = () => {
    retry = undefined;
    if (nats.isClosed() || nats.isDraining()) return;
    subscribedAt = performance.now();
    subscription = nats.subscribe(subject, { ...options, callback });
  };
  const stopWatching = refusals.watch((refusal) => {
    if (refusal.operation !== 'subscription' || refusal.subject !== subject || retry) return;
    subscription.unsubscribe();
    if (performance.now() - subscribedAt > ACCEPTED_AFTER_MS) refusalsInRow = 0;
    retry = setTimeout(subscribe, Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** refusalsInRow++)).unref();
  });
  const stopRetrying = () => {
    stopWatching();
    clearTimeout(retry);
  };
  return {
    drain: async () => {
      stopRetrying();
      if (!subscription.isClosed()) await subscription.drain();
    },
    unsubscribe: () => {
      stopRetrying();
      subscription.unsubscribe();
    },
  };
}
