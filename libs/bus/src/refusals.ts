import type { PermissionViolationError } from '@nats-io/transport-node';

type Listener = (refusal: PermissionViolationError) => void;

/** Reports the publishes and subscriptions that NATS refused for the permissions of this app. */
export class Refusals {
  private readonly listeners = new Set<Listener>();

  /** Calls `listener` for each refusal. Returns a function that ends this. */
  watch(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  report(refusal: PermissionViolationError): void {
    for (const listener of [...this.listeners]) listener(refusal);
  }
}
