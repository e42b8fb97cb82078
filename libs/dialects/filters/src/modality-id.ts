import { DomainError, MAX_MODALITY_ID_LENGTH } from '@pentaprism/domain';

/** The id of a session or of an image in one, from a path. @throws DomainError NOT_FOUND for what is too long for any */
export function modalityIdOf(parameter: string): string {
  if (parameter.length > MAX_MODALITY_ID_LENGTH) throw new DomainError('NOT_FOUND', 'There is nothing here.');
  return parameter;
}
