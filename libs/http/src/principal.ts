import type { Role } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';

/** Who makes a request: the owner of an API key, or anonymous where a dialect is open. */
export interface Principal {
  /** The key's id; null without a key. */
  readonly keyId: string | null;
  /** The key's name; `anonymous` without a key. */
  readonly name: string;
  readonly role: Role;
  readonly workspace: string;
}

const principals = new WeakMap<object, Principal>();

export function setPrincipal(request: FastifyRequest, principal: Principal): void {
  principals.set(request.raw, principal);
}

/** Returns undefined for a request that was not authenticated. */
export function findPrincipal(request: FastifyRequest): Principal | undefined {
  return principals.get(request.raw);
}

/** @throws Error when the request was not authenticated: such a route must not exist. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request.raw);
  if (!principal) throw new Error('the request has no principal');
  return principal;
}
