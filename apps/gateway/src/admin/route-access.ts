import { RouteConfig } from '@nestjs/platform-fastify';
import type { AccessConfig, AuditAction } from '@pentaprism/http';

/** Marks a route of the gateway's own API that needs no key. */
export const WithoutKey = () => access({ role: 'none' });

/** Marks a route of the gateway's own API that needs a key of an owner. */
export const OwnerOnly = (audit?: AuditAction) => access({ role: 'owner', ...(audit ? { audit } : {}) });

function access(config: AccessConfig): MethodDecorator {
  return RouteConfig(config);
}
