/** The workspace that every installation has from its first start. */
export const DEFAULT_WORKSPACE = 'default';

/** The project that every workspace has: what Tagged Image Manager shows. */
export const LIBRARY_PROJECT = 'library';

/** The project that radiographs are in, made with the first one of a workspace. */
export const FILTERS_PROJECT = 'filters';

const WORKSPACE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** Whether `name` can be a workspace: lower-case letters, digits and inner hyphens, at most 64; safe in paths. */
export function isWorkspaceName(name: string): boolean {
  return WORKSPACE_NAME.test(name);
}

const OBJECT_ID = /^[0-9a-f]{24}$/;

/** Whether `id` is a canonical id: 24 lower-case hexadecimal digits. */
export function isObjectId(id: string): boolean {
  return OBJECT_ID.test(id);
}
