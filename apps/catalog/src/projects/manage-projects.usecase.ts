import { Inject, Injectable } from '@nestjs/common';
import { Bus, sendSignal } from '@pentaprism/bus';
import { projectDeleted, projectGone, type Project } from '@pentaprism/contracts';
import { isDuplicateKey, notFound, Outbox, Transactions } from '@pentaprism/database';
import { DomainError, FILTERS_PROJECT, LIBRARY_PROJECT, MAX_PROJECTS_PER_WORKSPACE } from '@pentaprism/domain';
import type { Types } from 'mongoose';
import { ProjectRepository, type ProjectChanges, type ProjectFields } from './project.repository.js';
import { toProject, type ProjectDocument } from './project.schema.js';
import { ImageCountRepository } from './image-count.repository.js';
import { PROJECT_REMOVAL, type ProjectRemoval } from './project-removal.js';

/** Names of projects that each workspace has. */
const RESERVED_NAMES: readonly string[] = [LIBRARY_PROJECT, FILTERS_PROJECT];

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

  async list(workspace: string, query: { nameContains?: string | undefined; offset: number; limit: number }) {
    const { projects, total } = await this.projects.list(workspace, query);
    return { projects: await Promise.all(projects.map((project) => this.describe(workspace, project))), total };
  }

  /** @throws DomainError CONFLICT when another one has the name; FAILED_PRECONDITION when there are as many as may be */
  async create(workspace: string, fields: ProjectFields): Promise<Project> {
    checkName(fields.name);
    const adding = this.transactions.runInTurn([`${workspace}/projects`], async (session) => {
      const count = await this.projects.countToAdd(workspace, session);
      if (count >= MAX_PROJECTS_PER_WORKSPACE) {
        const message = `A workspace has at most ${MAX_PROJECTS_PER_WORKSPACE} projects.`;
        throw new DomainError('FAILED_PRECONDITION', message, { limit: MAX_PROJECTS_PER_WORKSPACE });
      }
      return this.projects.add(workspace, fields, session);
    });
    return toProject(await orNameTaken(adding), 0);
  }

  /** @throws DomainError NOT_FOUND; CONFLICT as `create`; FAILED_PRECONDITION for the name of one that each workspace has */
  async update(workspace: string, id: string, changes: ProjectChanges): Promise<Project> {
    const { _id } = await this.projects.get(workspace, id);
    if (changes.name !== undefined) {
      await this.checkMortal(workspace, _id);
      checkName(changes.name);
    }
    const updated = await orNameTaken(this.projects.update(workspace, _id, changes));
    if (!updated) throw notFound('project');
    return this.describe(workspace, updated);
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

function checkName(name: string): void {
  if (RESERVED_NAMES.includes(name.normalize('NFC'))) throw nameTaken();
}

async function orNameTaken<T>(writing: Promise<T>): Promise<T> {
  return writing.catch((error: unknown) => {
    throw isDuplicateKey(error) ? nameTaken() : error;
  });
}

function nameTaken(): DomainError {
  return new DomainError('CONFLICT', 'Another project has this name.', { field: 'name' });
}
