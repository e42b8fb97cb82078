import { z } from 'zod';
import { defineRpc } from '../define.js';
import { apiKey, empty, role, workspaceName } from '../schemas.js';

const owner = 'catalog' as const;

export const apiKeyContracts = {
  /**
   * Who a key is: `id.secret` or a bare secret, in one of several readings of what was sent. An unknown id and a wrong
   * secret answer alike. Asked without a workspace.
   */
  verify: defineRpc({
    owner,
    subject: 'catalog.v1.api-key.verify',
    request: z.strictObject({ credentials: z.array(z.string().max(500)).min(1).max(4) }),
    response: apiKey,
    errors: ['UNAUTHENTICATED'],
  }),
  /** Makes a key; its secret is in this answer and nowhere else. Another workspace than the caller's is made on the way. */
  create: defineRpc({
    owner,
    subject: 'catalog.v1.api-key.create',
    request: z.strictObject({ name: z.string().min(1).max(100), role, workspace: workspaceName.optional() }),
    response: apiKey.extend({ secret: z.string() }),
    errors: ['INVALID_ARGUMENT', 'PERMISSION_DENIED', 'FAILED_PRECONDITION'],
  }),
  list: defineRpc({
    owner,
    subject: 'catalog.v1.api-key.list',
    request: empty,
    response: z.object({ keys: z.array(apiKey) }),
  }),
  revoke: defineRpc({
    owner,
    subject: 'catalog.v1.api-key.revoke',
    request: z.strictObject({ id: z.string().max(100) }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
};
