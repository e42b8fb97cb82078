import { FairShares } from '@pentaprism/concurrency';
import { DomainError } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { principalOf } from './principal.js';

/** Bytes of memory. */
export interface BodyBudgetSettings {
  /** That one body takes at most; what its length does not tell, and what is longer, counts as this much. */
  readonly each: number;
  /** That all take at a time. */
  readonly total: number;
  /** That those of one workspace take at a time. */
  readonly perWorkspace: number;
  /** Milliseconds that a request waits for its turn. */
  readonly waitMs: number;
}

/** Seconds after which a client may come again that has waited in vain. */
const RETRY_AFTER = 10;

/** Large bodies that are in memory as a whole, of all requests to one process: so many bytes at a time, and no more. */
export class BodyBudget {
  private readonly shares: FairShares;

  constructor(private readonly settings: BodyBudgetSettings) {
    const { total: capacity, perWorkspace: perKey } = settings;
    this.shares = new FairShares({ capacity, perKey });
  }

  /**
   * Does what reads the body of a request, and what is done with it while it is in memory, when there is room for it. A
   * client that has to wait is not read from meanwhile.
   * @throws DomainError RATE_LIMITED when there is no room for long; what `work` throws
   */
  async use<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    const release = await this.take(request);
    try {
      return await work();
    } finally {
      release();
    }
  }

  private async take(request: FastifyRequest): Promise<() => void> {
    const late = new AbortController();
    const giveUp = () =>
      late.abort(
        new DomainError('RATE_LIMITED', 'Too many large bodies are being read; try again later.', {
          retryAfter: RETRY_AFTER,
        }),
      );
    const timer = setTimeout(giveUp, this.settings.waitMs);
    const options = { amount: this.sizeOf(request), signal: late.signal };
    return this.shares.take(principalOf(request).workspace, options).finally(() => clearTimeout(timer));
  }

  private sizeOf({ headers }: FastifyRequest): number {
    const { each } = this.settings;
    const length = Number(headers['content-length'] ?? each);
    return length >= 0 && length < each ? length : each;
  }
}
