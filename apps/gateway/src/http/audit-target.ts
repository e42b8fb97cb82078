import type { FastifyRequest } from 'fastify';

const targets = new WeakMap<object, object>();

/** Sets what an action was done to for the audit log, where the path of the request does not say it. */
export function setAuditTarget({ raw }: FastifyRequest, target: object): void {
  targets.set(raw, target);
}

/** Returns what was set, or else the parameters of the path. */
export function auditTargetOf({ raw, params }: FastifyRequest): unknown {
  return targets.get(raw) ?? params;
}
