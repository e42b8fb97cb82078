import { StandardSchemaValidationPipe } from '@nestjs/common';
import { schemaFailure } from './errors.js';

/** Parses what `@Body({ schema })`, `@Query({ schema })` and `@Param({ schema })` name, with domain errors. */
export function createValidationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({ exceptionFactory: schemaFailure });
}
