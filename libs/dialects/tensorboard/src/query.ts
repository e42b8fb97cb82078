import { DomainError } from '@pentaprism/domain';

/** Returns a parameter of a parsed query string. The first counts where it is repeated. */
export function first(query: unknown, name: string): string | undefined {
  const value = (query as Readonly<Record<string, string | string[]>>)[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * Returns the number of the image within its event; 0 where none is given.
 * @throws DomainError INVALID_ARGUMENT
 */
export function sampleOf(text = '0'): number {
  const sample = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  if (!(sample >= 0)) throw new DomainError('INVALID_ARGUMENT', 'Invalid sample: it must be a whole number from 0.');
  return sample;
}
