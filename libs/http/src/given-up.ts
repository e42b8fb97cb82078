import type { FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';

const givenUp = new WeakSet<IncomingMessage>();

/** Marks a request of which nothing more is read, because its body comes in a way that costs too much. */
export function giveUp({ raw }: Pick<FastifyRequest, 'raw'>): void {
  givenUp.add(raw);
}

/** Returns whether nothing more is read of a request. Its connection ends with the answer. */
export function isGivenUp({ raw }: Pick<FastifyRequest, 'raw'>): boolean {
  return givenUp.has(raw);
}
