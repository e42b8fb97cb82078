import { StandardSchemaValidationPipe } from '@nestjs/common';
import { schemaFailure } from './errors.js';
import { sayPlainly } from './schema-sentences.js';

/** Parses what `@Body({ schema })`, `@Query({ schema })` and `@Param({ schema })` name, with domain errors. */
export function createValidationPipe(): StandardSchemaValidationPipe {
  sayPlainly();
  return new StandardSchemaValidationPipe({ exceptionFactory: schemaFailure });
}
