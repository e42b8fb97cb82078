import { MAX_PROJECT_NAME_LENGTH } from '@pentaprism/domain';
import { z } from 'zod';
import { defineFact, defineRpc, defineSignal } from '../define.js';
import {
  description,
  empty,
  objectId,
  paging,
  project,
  projectName,
  trainingSettings,
  workspaceName,
} from '../schemas.js';

const owner = 'catalog' as const;

/**
 * What happens if another project of the workspace has the name, or if the name is reserved. `refuse`: CONFLICT. `number`: the
 * project gets the name, and as its unique name the first free one of `name`, `name (2)`, `name (3)` and so on.
 */
const sameName = z.enum(['refuse', 'number']).default('refuse');

/** Projects of one answer: with names, descriptions and platforms of full length they fit into one message of the bus. */
export const MAX_PROJECTS_PER_PAGE = 32;

export const projectContracts = {
  /** A page of projects, oldest first. `nameContains` is part of the name, whatever its case is (see `foldName`). */
  list: defineRpc({
    owner,
    subject: 'catalog.v1.project.list',
    request: z.strictObject({
      nameContains: z.string().max(MAX_PROJECT_NAME_LENGTH).optional(),
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_PROJECTS_PER_PAGE).default(MAX_PROJECTS_PER_PAGE),
    }),
    response: z.object({ projects: z.array(project), total: z.int() }),
  }),
  /** The id of the workspace's library, or the given id if such a project exists. */
  resolve: defineRpc({
    owner,
    subject: 'catalog.v1.project.resolve',
    request: z.strictObject({ id: objectId.optional() }),
    response: z.object({ project: objectId }),
    errors: ['NOT_FOUND'],
  }),
  get: defineRpc({
    owner,
    subject: 'catalog.v1.project.get',
    request: z.strictObject({ id: objectId }),
    response: project,
    errors: ['NOT_FOUND'],
  }),
  /**
   * Creates a project. A call with the id of a project of the workspace returns that project, so that a job can repeat the call.
   * CONFLICT: another project has the unique name (`refuse`), or the id belongs to another workspace or to a deleted project.
   * FAILED_PRECONDITION: the workspace has as many projects as it may.
   */
  create: defineRpc({
    owner,
    subject: 'catalog.v1.project.create',
    request: z.strictObject({
      id: objectId.optional(),
      name: projectName,
      sameName,
      description,
      training: trainingSettings,
    }),
    response: project,
    errors: ['CONFLICT', 'FAILED_PRECONDITION'],
  }),
  /**
   * Changes the members that are given. With `refuse`, a name that is the project's unique name changes no name.
   * CONFLICT: another project has the unique name (`refuse`). FAILED_PRECONDITION: the name of a project that each workspace has.
   */
  update: defineRpc({
    owner,
    subject: 'catalog.v1.project.update',
    request: z.strictObject({
      id: objectId,
      name: projectName.optional(),
      sameName,
      description: description.optional(),
      training: trainingSettings.partial().optional(),
    }),
    response: project,
    errors: ['NOT_FOUND', 'CONFLICT', 'FAILED_PRECONDITION'],
  }),
  /**
   * Removes a project: it is gone when the answer comes; its images and their bytes follow.
   * FAILED_PRECONDITION: each workspace has it.
   */
  delete: defineRpc({
    owner,
    subject: 'catalog.v1.project.delete',
    request: z.strictObject({ id: objectId }),
    response: empty,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION'],
  }),
};

/** A project is gone. Whatever belongs to it follows. */
export const projectDeleted = defineFact({ owner, name: 'project.deleted', data: z.object({ projectId: objectId }) });

/** The same, at once, for those who remember which projects there are. */
export const projectGone = defineSignal({
  owner,
  subject: 'catalog.v1.signal.project-gone',
  data: z.object({ workspace: workspaceName, projectId: objectId }),
});
