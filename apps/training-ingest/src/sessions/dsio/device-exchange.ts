import { DomainError } from '@pentaprism/domain';

/**
 * One request to a device, and the time that it may take. Whatever goes wrong in it is told in terms of the domain,
 * without the device's address; the cause is for the log.
 */
export class DeviceExchange {
  readonly #abort = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();

  /** For `fetch`: aborted when a time is over, and at the end. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Breaks the exchange off after so many milliseconds, whatever it is doing then. */
  limit(milliseconds: number): () => void {
    const timer = setTimeout(
      () => this.#abort.abort(new DomainError('DEADLINE_EXCEEDED', 'The modality did not answer in time.')),
      milliseconds,
    );
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Waits for the device, for so long. */
  async wait<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
    const arrived = this.limit(milliseconds);
    try {
      return await work();
    } catch (error) {
      if (this.signal.aborted) throw this.signal.reason;
      if (DomainError.is(error)) throw error;
      throw new DomainError('UPSTREAM_FAILED', 'The modality does not answer.', {}, { cause: error });
    } finally {
      arrived();
    }
  }

  /** Lets go of the connection: what has not been read of the answer is not wanted any more. */
  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#abort.abort();
  }
}
