import { Inject, Injectable } from '@nestjs/common';
import { Bus, sendSignal } from '@pentaprism/bus';
import {
  projectDeleted,
  projectGone,
  type ParsedRequestOf,
  type Project,
  type projectContracts,
} from '@pentaprism/contracts';
import { isDuplicateKey, notFound, Outbox, Transactions } from '@pentaprism/database';
import { DomainError, MAX_PROJECTS_PER_WORKSPACE } from '@pentaprism/domain';
import type { ClientSession, Types } from 'mongoose';
import { ProjectRepository, type ProjectChanges, type ProjectQuery } from './project.repository.js';
import { toProject, type ProjectDocument } from './project.schema.js';
import { ImageCountRepository } from './image-count.repository.js';
import { PROJECT_REMOVAL, type ProjectRemoval } from './project-removal.js';
import { comparableName, firstFreeName, isReserved } from './unique-name.js';

type Creation = ParsedRequestOf<typeof projectContracts.create>;
type Update = ProjectChanges & Pick<Creation, 'sameName'>;
/** A name that a client gives, and what happens if another project has it. */
type WantedName = Pick<Creation, 'name' | 'sameName'>;

@Injectable()
export class ManageProjects {
  constructor(
    private readonly projects: ProjectRepository,
    private readonly counts: ImageCountRepository,
    private readonly transactions: Transactions,
    private readonly outbox: Outbox,
    @Inject(PROJECT_REMOVAL) private readonly removal: ProjectRemoval,
    private readonly bus: Bus,
  ) {}

  async resolve(workspace: string, id: string | undefined): Promise<{ project: string }> {
    return { project: (await this.projects.resolveId(workspace, id)).toHexString() };
  }

  async get(workspace: string, id: string): Promise<Project> {
    return this.describe(workspace, await this.projects.get(workspace, id));
  }

  async list(workspace: string, query: ProjectQuery) {
    const { projects, total } = await this.projects.list(workspace, query);
    return { projects: await Promise.all(projects.map((project) => this.describe(workspace, project))), total };
  }

  /**
   * Creates a project, or returns the one that was created with the same id.
   *
   * @throws DomainError CONFLICT if another project has the name and `sameName` is `refuse`, or if a deleted project or one of
   * another workspace has the id; FAILED_PRECONDITION if the workspace has as many projects as it may
   */
  async create(workspace: string, { sameName, ...fields }: Creation): Promise<Project> {
    const { id, name } = fields;
    const creating = this.inTurn(workspace, async (session) => {
      const created = id === undefined ? null : await this.projects.findCreated(workspace, id, session);
      if (created) return created;
      await this.checkRoom(workspace, session);
      const uniqueName = await this.chooseUniqueName(workspace, { name, sameName }, session);
      return this.projects.add(workspace, { ...fields, uniqueName }, session);
    });
    return this.describe(workspace, await orNameTaken(creating));
  }

  /**
   * Changes the members that are given.
   *
   * @throws DomainError NOT_FOUND; CONFLICT if another project has the name and `sameName` is `refuse`; FAILED_PRECONDITION for
   * the name of a project that each workspace has
   */
  async update(workspace: string, id: string, { sameName, name, ...changes }: Update): Promise<Project> {
    const { _id } = await this.projects.get(workspace, id);
    if (name !== undefined) await this.checkMortal(workspace, _id);
    const updated =
      name === undefined
        ? await this.projects.update(workspace, _id, changes)
        : await this.rename(workspace, id, { name, sameName }, changes);
    if (!updated) throw notFound('project');
    return this.describe(workspace, updated);
  }

  /** Renames a project, with other changes of it. */
  private rename(workspace: string, id: string, wanted: WantedName, changes: Omit<ProjectChanges, 'name'>) {
    const renaming = this.inTurn(workspace, async (session) => {
      const { _id, uniqueName: current } = await this.projects.get(workspace, id, session);
      const { name, sameName } = wanted;
      // Clients that see unique names only send this one back with other changes, and name the project as it is.
      if (sameName === 'refuse' && comparableName(name) === current)
        return this.projects.update(workspace, _id, changes, session);
      const uniqueName = await this.chooseUniqueName(workspace, wanted, session, _id);
      return this.projects.update(workspace, _id, { ...changes, name, uniqueName }, session);
    });
    return orNameTaken(renaming);
  }

  /** @param renamed the project whose own unique name does not count as taken */
  private async chooseUniqueName(
    workspace: string,
    { name, sameName }: WantedName,
    session: ClientSession,
    renamed?: Types.ObjectId,
  ): Promise<string> {
    const wanted = comparableName(name);
    if (sameName === 'number')
      return firstFreeName(wanted, await this.projects.findNumberedNames(workspace, wanted, session, renamed));
    if (isReserved(wanted)) throw nameTaken();
    return wanted;
  }

  /** Runs transactions that create or rename projects of a workspace one after another. */
  private inTurn<T>(workspace: string, work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.transactions.runInTurn([`${workspace}/projects`], async (session) => {
      await this.projects.serialize(workspace, session);
      return work(session);
    });
  }

  private async checkRoom(workspace: string, session: ClientSession): Promise<void> {
    if ((await this.projects.count(workspace, session)) < MAX_PROJECTS_PER_WORKSPACE) return;
    const message = `A workspace has at most ${MAX_PROJECTS_PER_WORKSPACE} projects.`;
    throw new DomainError('FAILED_PRECONDITION', message, { limit: MAX_PROJECTS_PER_WORKSPACE });
  }

  /** @throws DomainError NOT_FOUND; FAILED_PRECONDITION for a project that each workspace has */
  async delete(workspace: string, id: string): Promise<void> {
    const { _id } = await this.projects.get(workspace, id);
    await this.checkMortal(workspace, _id);
    await this.transactions.runInTurn([`${workspace}/${id}`], async (session) => {
      if (!(await this.projects.markDeleted(workspace, _id, session))) throw notFound('project');
      await this.outbox.add(session, projectDeleted, { projectId: id }, workspace);
    });
    this.outbox.flush();
    sendSignal(this.bus.connection, projectGone, { workspace, projectId: id });
    this.removal.soon();
  }

  private async checkMortal(workspace: string, project: Types.ObjectId): Promise<void> {
    if (await this.projects.isPermanent(workspace, project))
      throw new DomainError('FAILED_PRECONDITION', 'Each workspace has this project, and keeps it.', { field: 'id' });
  }

  private async describe(workspace: string, project: ProjectDocument): Promise<Project> {
    const { total } = await this.counts.get(workspace, project._id);
    return toProject(project, total);
  }
}

async function orNameTaken<T>(writing: Promise<T>): Promise<T> {
  return writing.catch((error: unknown) => {
    throw isDuplicateKey(error) ? nameTaken() : error;
  });
}

function nameTaken(): DomainError {
  return new DomainError('CONFLICT', 'Another project has this name.', { field: 'name' });
}
