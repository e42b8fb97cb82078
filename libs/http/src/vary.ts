import type { FastifyReply } from 'fastify';

/**
 * Adds a request header to those that the answer depends on (`Vary`), and keeps the ones that are there: CORS adds
 * `Origin`, without which a cache gives an answer for one site to another.
 */
export function addVary(reply: FastifyReply, name: string): void {
  const names = [reply.getHeader('Vary') ?? []].flat().join(', ');
  const known = names.split(',').map((each) => each.trim().toLowerCase());
  if (!known.includes(name.toLowerCase())) void reply.header('Vary', names === '' ? name : `${names}, ${name}`);
}
