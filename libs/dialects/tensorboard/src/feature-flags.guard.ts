import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { DomainError } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { first } from './query.js';

const HEADER = 'x-tensorboard-feature-flags';
const PARAMETER = 'tensorBoardFeatureFlags';

/** Refuses feature flags of the frontend that are anything other than a JSON object. They change nothing here. */
@Injectable()
export class FeatureFlagsGuard implements CanActivate {
  /** @throws DomainError INVALID_ARGUMENT */
  canActivate(context: ExecutionContext): boolean {
    const { headers, query } = context.switchToHttp().getRequest<FastifyRequest>();
    for (const flags of [headers[HEADER], first(query, PARAMETER)]) {
      if (typeof flags === 'string' && !isJsonObject(flags))
        throw new DomainError('INVALID_ARGUMENT', 'The feature flags must be a JSON object, such as {}.');
    }
    return true;
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
