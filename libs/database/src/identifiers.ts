import { DomainError, isObjectId } from '@pentaprism/domain';
import { Types } from 'mongoose';

/**
 * @param what the thing, for the message, e.g. `image`
 * @throws DomainError NOT_FOUND for text that cannot be an id: nothing has it
 */
export function toObjectId(id: string, what: string): Types.ObjectId {
  if (!isObjectId(id)) throw notFound(what);
  return new Types.ObjectId(id);
}

/** The same error for what does not exist and for what belongs to another workspace. */
export function notFound(what: string): DomainError {
  return new DomainError('NOT_FOUND', `There is no such ${what}.`);
}
