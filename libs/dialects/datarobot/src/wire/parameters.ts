import { DomainError, isObjectId } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

/** An id in a body of JSON. */
export const bodyId = z.string().refine(isObjectId, 'must be 24 hexadecimal digits');

/** @throws DomainError NOT_FOUND for text that cannot be an id: nothing has it */
export function existingId(text: string, what: string): string {
  if (!isObjectId(text)) throw new DomainError('NOT_FOUND', `There is no such ${what}.`);
  return text;
}

export function projectIdOf(text: string): string {
  return existingId(text, 'project');
}

export function datasetIdOf(text: string): string {
  return existingId(text, 'dataset');
}

/** The last segment of a route that matches the rest of any path, slashes included. */
export const REST_OF_PATH = '*';

/** Returns what `REST_OF_PATH` stands for. The router has decoded it, once. */
export function restOfPath({ params }: FastifyRequest): string {
  return (params as { [REST_OF_PATH]?: string })[REST_OF_PATH] ?? '';
}

const MAX_KEY_LENGTH = 200;

/** The header under which a client may repeat a request without doing it twice. */
export function idempotencyKeyOf(request: FastifyRequest): { idempotencyKey?: string } {
  const key = request.headers['idempotency-key'];
  if (key === undefined || key === '') return {};
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH) {
    throw new DomainError('INVALID_ARGUMENT', `Idempotency-Key must be one value of at most ${MAX_KEY_LENGTH} bytes.`, {
      field: 'Idempotency-Key',
    });
  }
  return { idempotencyKey: key };
}
