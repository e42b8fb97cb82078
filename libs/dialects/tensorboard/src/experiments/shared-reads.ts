export interface SharedRead<T> {
  /** Returns the value of a revision if it has been read meanwhile. */
  find(revision: string): T | undefined;
  read(): Promise<T>;
}

/** Reads of one name: one that is running, and at most one that begins after it. */
interface Lane {
  /** The latest revision that was known when the running read began. */
  readonly revision: string;
  readonly running: Promise<unknown>;
  next?: Waiting;
}

interface Waiting {
  revision: string;
  readonly value: Promise<unknown>;
  begin(): void;
}

/** Shares reads between requests. Of each name, at most one read is running and one is waiting for its end. */
export class SharedReads {
  readonly #lanes = new Map<string, Lane>();

  /** Returns what a read finds that begins at this revision of the source, or at a later one. */
  get<T>(name: string, revision: string, read: SharedRead<T>): Promise<T> {
    const lane = this.#lanes.get(name);
    if (!lane) return this.#start(name, revision, read);
    if (lane.revision === revision) return lane.running as Promise<T>;
    lane.next ??= this.#waiting(name, revision, read);
    lane.next.revision = revision;
    return lane.next.value as Promise<T>;
  }

  #start<T>(name: string, revision: string, { read }: SharedRead<T>): Promise<T> {
    const running = read().finally(() => {
      this.#lanes.delete(name);
      lane.next?.begin();
    });
    const lane: Lane = { revision, running };
    this.#lanes.set(name, lane);
    return running;
  }

  #waiting<T>(name: string, revision: string, read: SharedRead<T>): Waiting {
    let resolve: (value: T | Promise<T>) => void = () => undefined;
    const value = new Promise<T>((settle) => (resolve = settle));
    const begin = () => resolve(read.find(waiting.revision) ?? this.#start(name, waiting.revision, read));
    const waiting: Waiting = { revision, value, begin };
    return waiting;
  }
}
