import { Injectable } from '@nestjs/common';

type ModelingEvent = 'target ready' | 'project failed';
type Listener = () => void;

/** Publishes events of projects within this process, so that the periodic tasks which handle them run at once. */
@Injectable()
export class ModelingEvents {
  private readonly listeners: Record<ModelingEvent, Set<Listener>> = {
    'target ready': new Set(),
    'project failed': new Set(),
  };

  /** Calls the listener, which must not throw, for each event of this kind. */
  listen(event: ModelingEvent, listener: Listener): void {
    this.listeners[event].add(listener);
  }

  announce(event: ModelingEvent): void {
    for (const listener of this.listeners[event]) listener();
  }
}
