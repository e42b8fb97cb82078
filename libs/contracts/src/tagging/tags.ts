import { MAX_TAGGINGS_PER_BATCH, TAG_TYPES, TAGGING_STATUSES } from '@pentaprism/domain';
import { z } from 'zod';
import { defineFact, defineRpc } from '../define.js';
import {
  description,
  empty,
  idOrNumber,
  objectId,
  paging,
  tagDetails,
  tagGroups,
  tagName,
  tagNames,
  tagReference,
} from '../schemas.js';

const owner = 'tagging' as const;

/** Tags belong to a project; by default the library. */
const projectId = objectId.optional();
/** A tag of the project by its canonical id or by its number in the workspace. */
const tag = z.strictObject({ projectId, tag: idOrNumber });

/** Tags of one look-up: with long descriptions, no more fit into an answer. */
export const MAX_TAGS_PER_LOOKUP = 60;
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
  /** Makes a tag. CONFLICT: there is one of this name. FAILED_PRECONDITION: the project has as many as it may have. */
  create: defineRpc({
    owner,
    subject: 'tagging.v1.tag.create',
    request: z.strictObject({ projectId, name: tagName, description, type: z.enum(TAG_TYPES) }),
    response: tagDetails,
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION'],
  }),
  /**
   * Changes the members that are given; a new name as `rename` does. FAILED_PRECONDITION: a tag that an image carries
   * beside others cannot become a negative one. CONFLICT with the `reason` changed: another call has changed the type.
   */
  update: defineRpc({
    owner,
    subject: 'tagging.v1.tag.update',
    request: tag.extend({
      name: tagName.optional(),
      description: description.optional(),
      type: z.enum(TAG_TYPES).optional(),
    }),
    response: tagDetails,
    errors: ['INVALID_ARGUMENT', 'NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: CHANGE_DEADLINE_MS,
  }),
  /** Those of these tags that the project has, in the order of the ids. So many fit into one answer, however long. */
  getMany: defineRpc({
    owner,
    subject: 'tagging.v1.tag.get-many',
    request: z.strictObject({ projectId, ids: z.array(objectId).max(MAX_TAGS_PER_LOOKUP) }),
    response: z.object({ tags: z.array(tagDetails) }),
    errors: ['NOT_FOUND'],
  }),
  get: defineRpc({
    owner,
    subject: 'tagging.v1.tag.get',
    request: tag,
    response: tagDetails,
    errors: ['NOT_FOUND'],
  }),
  /** In alphabetical order: without case, equal ones by code points. Long names come fewer at a time than asked for. */
  list: defineRpc({
    owner,
    subject: 'tagging.v1.tag.list',
    request: z.strictObject({ projectId, ...paging }),
    response: z.object({ tags: z.array(tagDetails), total: z.int() }),
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

/** Tags and images of a project, by their ids. */
export const taggingContracts = {
  /**
   * Gives tags to images: each image gets all of its new tags or, when that would be too many, those that it is told
   * `created`. Safe to repeat, and beside others. NOT_FOUND (all or nothing): an image or a tag does not exist; the details
   * have `imageIds` or `tagIds`. FAILED_PRECONDITION (likewise): a negative tag would stand beside another one.
   */
  tagImages: defineRpc({
    owner,
    subject: 'tagging.v1.tagging.tag-images',
    request: z.strictObject({
      projectId: objectId,
      taggings: z
        .array(z.strictObject({ imageId: objectId, tagId: objectId }))
        .min(1)
        .max(MAX_TAGGINGS_PER_BATCH),
    }),
    /** In the order of the request. */
    response: z.object({ statuses: z.array(z.enum(TAGGING_STATUSES)) }),
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
    deadlineMs: 25_000,
  }),
};

/** What has become of a tag. Of two changes of one tag the later one has the higher revision. */
export const tagChange = z.strictObject({
  tagId: objectId,
  projectId: objectId,
  /** Null: there is no such tag any more. */
  name: z.string().nullable(),
  revision: z.int().positive(),
  /** Whether it is a negative tag. Earlier versions do not say. */
  negative: z.boolean().optional(),
});
export type TagChange = z.output<typeof tagChange>;

/** A tag was renamed or deleted, or became a negative one, or is none any more. */
export const tagChanged = defineFact({ owner, name: 'tag.changed', data: tagChange });
