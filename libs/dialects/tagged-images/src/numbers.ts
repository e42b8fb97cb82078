import { DomainError } from '@pentaprism/domain';

/**
 * Ids are positive integers; any other text is the id of nothing.
 * @throws DomainError NOT_FOUND
 */
export function numberOf(id: string, what: 'image' | 'tag'): number {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new DomainError('NOT_FOUND', `There is no such ${what}.`);
  return Number(id);
}
