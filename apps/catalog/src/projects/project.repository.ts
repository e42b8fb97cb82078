import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Project } from '@pentaprism/contracts';
import { notFound, toObjectId } from '@pentaprism/database';
import { DomainError, FILTERS_PROJECT, foldName, LIBRARY_PROJECT, systemDate } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model } from 'mongoose';
import { PROJECT_MODEL, WORKSPACE_MODEL, type ProjectDocument, type WorkspaceDocument } from './project.schema.js';
import { numberedNamesOf } from './unique-name.js';

/** What clients say of a project. */
export type ProjectFields = Pick<Project, 'name' | 'description' | 'training'>;
export type ProjectChanges = Partial<Omit<ProjectFields, 'training'>> & {
  readonly training?: Partial<Project['training']>;
};
/** The name that a client gives, and the unique one that belongs to it. */
type Names = Pick<Project, 'name' | 'uniqueName'>;

export interface ProjectQuery {
  /** Part of the name. Absent or empty: any name. */
  readonly nameContains?: string | undefined;
  readonly offset: number;
  readonly limit: number;
}

interface ProjectPage {
  readonly projects: ProjectDocument[];
  readonly total: number;
}

export type DeletedProject = Pick<ProjectDocument, '_id' | 'workspace'>;

/** The hidden project for predictions is found in no list: this name is for operators who look at the database. */
const PREDICTIONS_PROJECT = 'predictions';

const absent = () => trusted({ $exists: false });
/** Part of a filter: projects that are there. */
const alive = () => ({ deletedAt: absent() });
/** Part of a filter: projects that clients see. */
const visible = () => ({ ...alive(), hidden: absent() });

const OLDEST_FIRST = { createdAt: 1, _id: 1 } as const;

const byWorkspace = (workspace: string) => ({ _id: workspace });

@Injectable()
export class ProjectRepository {
  /** Workspaces are never removed and keep their library: one look-up for the life of the process. */
  private readonly libraries = new Map<string, Types.ObjectId>();
  private readonly filters = new Map<string, Types.ObjectId>();

  constructor(
    @InjectModel(WORKSPACE_MODEL) private readonly workspaces: Model<WorkspaceDocument>,
    @InjectModel(PROJECT_MODEL) private readonly projects: Model<ProjectDocument>,
  ) {}

  /** Makes the workspace and its library where they are missing; also when two do it at once. */
  async ensureWorkspace(workspace: string): Promise<void> {
    const createdAt = systemDate();
    const found = await this.workspaces
      .findOneAndUpdate(
        byWorkspace(workspace),
        { $setOnInsert: { libraryId: new Types.ObjectId(), createdAt } },
        { upsert: true, returnDocument: 'after' },
      )
      .lean();
    if (!found) throw new Error('the workspace was not returned');
    await this.ensure(found.libraryId, { workspace, name: LIBRARY_PROJECT });
  }

  /** The project for radiographs, made where it is missing; also when two do it at once. */
  async ensureFilters(workspace: string): Promise<Types.ObjectId> {
    const known = this.filters.get(workspace);
    if (known) return known;
    await this.workspaces.updateOne(
      { _id: workspace, filtersId: absent() },
      { $set: { filtersId: new Types.ObjectId() } },
    );
    const found = await this.workspaces.findById(workspace, { filtersId: 1 }).lean();
    if (!found?.filtersId) throw notFound('workspace');
    await this.ensure(found.filtersId, { workspace, name: FILTERS_PROJECT });
    this.filters.set(workspace, found.filtersId);
    return found.filtersId;
  }

  /** The hidden project for pictures that models of a project were shown, made where it is missing. */
  async ensurePredictions(workspace: string, id: string): Promise<Types.ObjectId> {
    const project = await this.get(workspace, id);
    if (project.predictionsId) return project.predictionsId;
    const _id = project._id;
    await this.projects.updateOne(
      { _id, workspace, ...visible(), predictionsId: absent() },
      { $set: { predictionsId: new Types.ObjectId() } },
    );
    const { predictionsId } = await this.get(workspace, id);
    if (!predictionsId) throw notFound('project');
    // Where the project was deleted meanwhile, the deletion has made it already, as a deleted one.
    await this.ensure(predictionsId, { workspace, name: PREDICTIONS_PROJECT, hidden: true });
    return predictionsId;
  }

  private async ensure(
    _id: Types.ObjectId,
    fields: Pick<ProjectDocument, 'workspace' | 'name' | 'hidden'>,
  ): Promise<void> {
    await this.projects.updateOne({ _id }, { $setOnInsert: { ...fields, createdAt: systemDate() } }, { upsert: true });
  }

  async libraryId(workspace: string): Promise<Types.ObjectId> {
    const known = this.libraries.get(workspace);
    if (known) return known;
    const found = await this.workspaces.findById(workspace, { libraryId: 1 }).lean();
    if (!found) throw notFound('workspace');
    this.libraries.set(workspace, found.libraryId);
    return found.libraryId;
  }

  /** Whether each workspace has it: it is never deleted, and keeps its name. */
  async isPermanent(workspace: string, project: Types.ObjectId): Promise<boolean> {
    if (project.equals(await this.libraryId(workspace))) return true;
    const known = this.filters.get(workspace);
    if (known) return project.equals(known);
    const found = await this.workspaces.findById(workspace, { filtersId: 1 }).lean();
    return found?.filtersId?.equals(project) ?? false;
  }

  /** The project with this id, or the library. @throws DomainError NOT_FOUND, also for a hidden one */
  async resolveId(workspace: string, id: string | undefined): Promise<Types.ObjectId> {
    if (id === undefined) return this.libraryId(workspace);
    return (await this.get(workspace, id))._id;
  }

  /** @throws DomainError NOT_FOUND, also for a hidden one */
  async get(workspace: string, id: string, session: ClientSession | null = null): Promise<ProjectDocument> {
    const filter = { _id: toObjectId(id, 'project'), workspace, ...visible() };
    const project = await this.projects.findOne(filter).session(session).lean();
    if (!project) throw notFound('project');
    return project;
  }

  /**
   * Which of the projects are there, hidden ones among them, as hexadecimal ids; those that each workspace has cost no
   * look-up. Also part of a transaction that adds images to them, and notes so in their counts: a deletion marks the project, and then waits for all who have not seen the mark
   * (`ImageCountRepository.fence`): afterwards no image comes any more.
   */
  async aliveAmong(
    workspace: string,
    projects: readonly Types.ObjectId[],
    session: ClientSession | null = null,
  ): Promise<ReadonlySet<string>> {
    if (projects.length === 0) return new Set();
    const permanent = [await this.libraryId(workspace), this.filters.get(workspace) ?? []].flat();
    const distinct = new Map(projects.map((project) => [project.toHexString(), project]));
    for (const project of permanent) distinct.delete(project.toHexString());
    const mortal = [...distinct.values()];
    const found =
      mortal.length === 0
        ? []
        : await this.projects
            .find({ _id: trusted({ $in: mortal }), workspace, ...alive() }, { _id: 1 })
            .session(session)
            .lean();
    return new Set([...permanent, ...found.map(({ _id }) => _id)].map((id) => id.toHexString()));
  }

  /** Returns a page of projects, oldest first. `nameContains` is matched as `foldName` says: without case, also beyond ASCII. */
  async list(workspace: string, { nameContains = '', offset, limit }: ProjectQuery): Promise<ProjectPage> {
    if (nameContains !== '') return this.search(workspace, { nameContains, offset, limit });
    const filter = { workspace, ...visible() };
    const [projects, total] = await Promise.all([
      this.projects.find(filter).sort(OLDEST_FIRST).skip(offset).limit(limit).lean(),
      this.projects.countDocuments(filter),
    ]);
    return { projects, total };
  }

  /**
   * Compares the names of all projects of the workspace here, because MongoDB ignores the case of ASCII letters only, except in
   * regular expressions, and those are not built from what clients send. `MAX_PROJECTS_PER_WORKSPACE` limits the cost.
   */
  private async search(
    workspace: string,
    { nameContains, offset, limit }: Required<ProjectQuery>,
  ): Promise<ProjectPage> {
    const filter = { workspace, ...visible() };
    const sought = foldName(nameContains);
    const named = await this.projects.find(filter, { name: 1 }).sort(OLDEST_FIRST).lean();
    const found = named.filter(({ name }) => foldName(name).includes(sought)).map(({ _id }) => _id);
    const page = { ...filter, _id: trusted({ $in: found.slice(offset, offset + limit) }) };
    return { projects: await this.projects.find(page).sort(OLDEST_FIRST).lean(), total: found.length };
  }

  /** Makes the transactions that create or rename projects of the workspace run one after another, in all processes. */
  async serialize(workspace: string, session: ClientSession): Promise<void> {
    await this.workspaces.updateOne(byWorkspace(workspace), { $inc: { projectRevision: 1 } }, { session });
  }

  /** Counts the projects that clients have created. */
  count(workspace: string, session: ClientSession): Promise<number> {
    return this.projects.countDocuments({ workspace, uniqueName: trusted({ $type: 'string' }) }, { session });
  }

  /**
   * Returns the project that was created with this id, or null if no project has the id.
   * @throws DomainError CONFLICT if the project is deleted, hidden or of another workspace
   */
  async findCreated(workspace: string, id: string, session: ClientSession): Promise<ProjectDocument | null> {
    const project = await this.projects.findById(toObjectId(id, 'project')).session(session).lean();
    if (project && (project.workspace !== workspace || project.deletedAt || project.hidden))
      throw new DomainError('CONFLICT', 'The id belongs to another project, or to a deleted one.', { field: 'id' });
    return project;
  }

  /** Returns the unique names that can be numbered forms of a name, without that of one project. Reads one range of the index. */
  async findNumberedNames(
    workspace: string,
    uniqueName: string,
    session: ClientSession,
    except?: Types.ObjectId,
  ): Promise<string[]> {
    const { from, before } = numberedNamesOf(uniqueName);
    const filter = { workspace, uniqueName: trusted({ $type: 'string' as const, $gte: from, $lt: before }) };
    const found = await this.projects.find(filter, { uniqueName: 1 }).session(session).lean();
    return found.flatMap(({ _id, uniqueName: name = [] }) => (except?.equals(_id) ? [] : name));
  }

  /** @throws Error a duplicate key if another project has the unique name */
  async add(
    workspace: string,
    { id, ...fields }: ProjectFields & Names & { readonly id?: string | undefined },
    session: ClientSession,
  ): Promise<ProjectDocument> {
    const createdAt = systemDate();
    const project = { _id: new Types.ObjectId(id), workspace, ...fields, createdAt, modifiedAt: createdAt };
    await this.projects.collection.insertOne(project, { session });
    return project;
  }

  /**
   * Changes the members that are given; null when there is no such project.
   * @throws Error a duplicate key if another project has the unique name
   */
  async update(
    workspace: string,
    id: Types.ObjectId,
    changes: Omit<ProjectChanges, 'name'> & Partial<Names>,
    session: ClientSession | null = null,
  ): Promise<ProjectDocument | null> {
    const { training = {}, ...fields } = changes;
    const settings = Object.entries(training).map(([key, value]) => [`training.${key}`, value]);
    const $set = { ...fields, ...(Object.fromEntries(settings) as object), modifiedAt: systemDate() };
    return this.projects
      .findOneAndUpdate({ _id: id, workspace, ...visible() }, { $set }, { returnDocument: 'after', session })
      .lean();
  }

  /** Marks a project, and the hidden one that belongs to it; false when there is none. */
  async markDeleted(workspace: string, id: Types.ObjectId, session: ClientSession): Promise<boolean> {
    const mark = { $set: { deletedAt: systemDate() }, $unset: { uniqueName: 1 as const } };
    const deleted = await this.projects
      .findOneAndUpdate({ _id: id, workspace, ...visible() }, mark, { session, returnDocument: 'after' })
      .lean();
    if (!deleted) return false;
    const { predictionsId, createdAt } = deleted;
    if (predictionsId)
      await this.projects.updateOne(
        { _id: predictionsId },
        { ...mark, $setOnInsert: { workspace, name: PREDICTIONS_PROJECT, hidden: true, createdAt } },
        { session, upsert: true },
      );
    return true;
  }

  /** Deleted projects of all workspaces of which something may be left. */
  findDeleted(limit: number): Promise<DeletedProject[]> {
    return this.projects
      .find({ deletedAt: trusted({ $type: 'date' }), emptiedAt: absent() }, { workspace: 1 })
      .sort({ deletedAt: 1 })
      .limit(limit)
      .lean();
  }

  /** Deleted projects of all workspaces of which nothing has been left since then. */
  findEmptied(before: Date, limit: number): Promise<DeletedProject[]> {
    return this.projects
      .find({ deletedAt: trusted({ $type: 'date' }), emptiedAt: trusted({ $lt: before }) }, { workspace: 1 })
      .limit(limit)
      .lean();
  }

  async setEmptied({ _id, workspace }: DeletedProject, emptiedAt: Date): Promise<void> {
    await this.projects.updateOne({ _id, workspace, emptiedAt: absent() }, { $set: { emptiedAt } });
  }

  async forget({ _id, workspace }: DeletedProject): Promise<void> {
    await this.projects.deleteOne({ _id, workspace, emptiedAt: trusted({ $type: 'date' }) });
  }
}
