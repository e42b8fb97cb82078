import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '@pentaprism/domain';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';

/** Seconds of a window. */
const WINDOW = 10;

/** Requests per key. Each gateway counts for itself. */
@Injectable()
export class RateLimits {
  private readonly requests: RateLimiterMemory;

  constructor(@Inject(GATEWAY_CONFIG) config: GatewayConfig) {
    this.requests = new RateLimiterMemory({ points: config.RATE_LIMIT, duration: WINDOW });
  }

  /** @throws DomainError RATE_LIMITED with `retryAfter` in seconds */
  async countRequest(caller: string): Promise<void> {
    await this.requests.consume(caller).catch((state: RateLimiterRes) => {
      throw limited(state, 'This key makes too many requests.');
    });
  }
}

function limited(state: RateLimiterRes, message: string): DomainError {
  return new DomainError('RATE_LIMITED', message, { retryAfter: Math.max(1, Math.ceil(state.msBeforeNext / 1000)) });
}
