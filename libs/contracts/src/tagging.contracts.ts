import { z } from 'zod';
import { defineRpc } from './define.js';
import { objectId, tagNames, tagReference } from './schemas.js';

const owner = 'tagging' as const;

export const tagContracts = {
  /** The tags with these exact names, in the order of the names; those that do not exist yet are made. */
  ensure: defineRpc({
    owner,
    subject: 'tagging.v1.tag.ensure',
    request: z.strictObject({ projectId: objectId.optional(), names: tagNames }),
    response: z.object({ tags: z.array(tagReference) }),
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND'],
  }),
};
