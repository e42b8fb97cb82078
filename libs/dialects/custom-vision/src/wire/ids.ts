import { fromUuid, isUuid, toUuid } from '@pentaprism/domain';
import { refusal, type Refusal } from './codes.js';

/** The kind of a project's UUID that stands for its workspace: what v1.2 calls its current iteration. */
const WORKSPACE_KIND = 1;
/**
 * An id that nothing has. It stands for a UUID that was not made here, so that the answer is that of the service to an
 * unknown id.
 */
export const NOTHING = '0'.repeat(24);

const NAMES = {
  project: 'NotFoundProject',
  tag: 'NotFoundTag',
  iteration: 'NotFoundIteration',
  image: 'NotFoundImage',
  domain: 'NotFoundDomain',
} as const satisfies Record<string, Refusal>;
export type Thing = keyof typeof NAMES;

export const guidOf = toUuid;

export function notFound(what: Thing): Error {
  return refusal(NAMES[what], what === 'iteration' ? 'Invalid iteration' : `There is no such ${what}.`);
}

/** A GUID in a path. @throws DomainError BadRequestInvalidIds for other text */
export function checkGuid(text: string, what: Thing): string {
  if (!isUuid(text)) throw refusal('BadRequestInvalidIds', `The id of the ${what} must be a GUID.`);
  return text.toLowerCase();
}

/** The id inside a GUID in a path. @throws DomainError BadRequestInvalidIds, or that there is no such thing */
export function idInPath(text: string, what: Thing): string {
  const id = fromUuid(checkGuid(text, what));
  if (id === undefined) throw notFound(what);
  return id;
}

/** Ids of GUIDs that were parsed already; of one that is none of ours, the id that nothing has. */
export function idOrNothing(guid: string): string {
  return fromUuid(guid) ?? NOTHING;
}

/** Those ids that can stand for something. */
export function knownIds(guids: readonly string[]): string[] {
  return guids.flatMap((guid) => fromUuid(guid) ?? []);
}

export function workspaceGuid(projectId: string): string {
  return toUuid(projectId, WORKSPACE_KIND);
}

export function isWorkspace(guid: string, projectId: string): boolean {
  return fromUuid(guid, WORKSPACE_KIND) === projectId;
}

/** Milliseconds as the original writes times. */
export function toDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
