import { Injectable } from '@nestjs/common';

type Listener = () => void;

/** Says within this process that a target has become ready, so that models are searched for at once. */
@Injectable()
export class ReadyTargets {
  private readonly listeners = new Set<Listener>();

  /** Calls the listener, which must not throw, each time. */
  listen(listener: Listener): void {
    this.listeners.add(listener);
  }

  announce(): void {
    for (const listener of this.listeners) listener();
  }
}
