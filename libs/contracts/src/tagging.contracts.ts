import { z } from 'zod';
import { defineFact, defineRpc } from './define.js';
import { empty, idOrNumber, objectId, paging, tagGroups, tagName, tagNames, tagReference } from './schemas.js';

const owner = 'tagging' as const;

/** Tags belong to a project; by default the library. */
const projectId = objectId.optional();
/** A tag of the project by its canonical id or by its number in the workspace. */
const tag = z.strictObject({ projectId, tag: idOrNumber });

/** Milliseconds for a change that reaches every image with the tag. */
const CHANGE_DEADLINE_MS = 60_000;

export const tagContracts = {
  /** The tags with these exact names, in the order of the names; those that do not exist yet are made. */
  ensure: defineRpc({
    owner,
    subject: 'tagging.v1.tag.ensure',
    request: z.strictObject({ projectId, names: tagNames }),
    response: z.object({ tags: z.array(tagReference) }),
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
  get: defineRpc({
    owner,
    subject: 'tagging.v1.tag.get',
    request: tag,
    response: tagReference,
    errors: ['NOT_FOUND'],
  }),
  /** In alphabetical order: without case, equal ones by code points. Long names come fewer at a time than asked for. */
  list: defineRpc({
    owner,
    subject: 'tagging.v1.tag.list',
    request: z.strictObject({ projectId, ...paging }),
    response: z.object({ tags: z.array(tagReference), total: z.int() }),
    errors: ['NOT_FOUND'],
  }),
  /** Gives a tag another name, on every image too when the answer comes. CONFLICT: another tag has that name. */
  rename: defineRpc({
    owner,
    subject: 'tagging.v1.tag.rename',
    request: tag.extend({ name: tagName }),
    response: tagReference,
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'CONFLICT', 'UNAVAILABLE'],
    deadlineMs: CHANGE_DEADLINE_MS,
  }),
  /** Removes a tag, from every image too when the answer comes. The images stay. */
  delete: defineRpc({
    owner,
    subject: 'tagging.v1.tag.delete',
    request: tag,
    response: empty,
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
    deadlineMs: CHANGE_DEADLINE_MS,
  }),
  /**
   * What a search means in ids: a group of one for each exact name, and for each pattern a group of all tags that fit it
   * without case (`%`: any run of characters). Conditions that mean the same are one group; a name that no tag has is an
   * empty one.
   */
  resolve: defineRpc({
    owner,
    subject: 'tagging.v1.tag.resolve',
    request: z.strictObject({ projectId, names: z.array(z.string()), patterns: z.array(z.string()) }),
    response: z.object({ tagGroups }),
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND'],
  }),
};

/** What has become of a tag. Of two changes of one tag the later one has the higher revision. */
export const tagChange = z.strictObject({
  tagId: objectId,
  projectId: objectId,
  /** Null: there is no such tag any more. */
  name: z.string().nullable(),
  revision: z.int().positive(),
});
export type TagChange = z.output<typeof tagChange>;

/** A tag was renamed or deleted. */
export const tagChanged = defineFact({ owner, name: 'tag.changed', data: tagChange });
