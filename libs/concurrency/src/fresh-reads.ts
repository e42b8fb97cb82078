/**
 * Reads of a small, hot document that many requests want at once, shared without ever being stale: a request takes part
 * in a read that begins after it came. While one read is under way, all who come wait for the next one together, so
 * that the load on the database does not grow with the number of requests.
 */
export class FreshReads<T> {
  private readonly reads = new Map<string, { running: Promise<T>; next?: Promise<T> }>();

  /** What `read` finds at a moment after this call; calls with the same key pass reads that find the same. */
  get(key: string, read: () => Promise<T>): Promise<T> {
    const current = this.reads.get(key);
    if (!current) return this.start(key, read);
    const start = () => this.start(key, read);
    current.next ??= current.running.then(start, start);
    return current.next;
  }

  private start(key: string, read: () => Promise<T>): Promise<T> {
    const running = read().finally(() => {
      const current = this.reads.get(key);
      // A caller that waits for the next read starts it right after this one has settled.
      if (current?.running === running && !current.next) this.reads.delete(key);
    });
    this.reads.set(key, { running });
    return running;
  }
}
