import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { notFound, toObjectId } from '@pentaprism/database';
import { FILTERS_PROJECT, LIBRARY_PROJECT } from '@pentaprism/domain';
import { Schema, trusted, Types, type Model } from 'mongoose';

export interface WorkspaceDocument {
  /** The workspace's name. */
  _id: string;
  libraryId: Types.ObjectId;
  /** Since the first radiograph. */
  filtersId?: Types.ObjectId;
  createdAt: Date;
}

export interface ProjectDocument {
  _id: Types.ObjectId;
  workspace: string;
  name: string;
  createdAt: Date;
}

export const WORKSPACE_MODEL = 'Workspace';
export const PROJECT_MODEL = 'Project';

export const workspaceSchema = new Schema<WorkspaceDocument>(
  {
    _id: { type: String, required: true },
    libraryId: { type: Schema.Types.ObjectId, required: true },
    filtersId: Schema.Types.ObjectId,
    createdAt: { type: Date, required: true },
  },
  { collection: 'workspaces', versionKey: false },
);

export const projectSchema = new Schema<ProjectDocument>(
  {
    workspace: { type: String, required: true },
    name: { type: String, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'projects', versionKey: false },
);
projectSchema.index({ workspace: 1, createdAt: 1 });

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
    const createdAt = new Date();
    const found = await this.workspaces
      .findOneAndUpdate(
        { _id: workspace },
        { $setOnInsert: { libraryId: new Types.ObjectId(), createdAt } },
        { upsert: true, returnDocument: 'after' },
      )
      .lean();
    if (!found) throw new Error('the workspace was not returned');
    await this.ensure(found.libraryId, workspace, LIBRARY_PROJECT);
  }

  /** The project for radiographs, made where it is missing; also when two do it at once. */
  async ensureFilters(workspace: string): Promise<Types.ObjectId> {
    const known = this.filters.get(workspace);
    if (known) return known;
    await this.workspaces.updateOne(
      { _id: workspace, filtersId: trusted({ $exists: false }) },
      { $set: { filtersId: new Types.ObjectId() } },
    );
    const found = await this.workspaces.findById(workspace, { filtersId: 1 }).lean();
    if (!found?.filtersId) throw notFound('workspace');
    await this.ensure(found.filtersId, workspace, FILTERS_PROJECT);
    this.filters.set(workspace, found.filtersId);
    return found.filtersId;
  }

  private async ensure(_id: Types.ObjectId, workspace: string, name: string): Promise<void> {
    const createdAt = new Date();
    await this.projects.updateOne({ _id }, { $setOnInsert: { workspace, name, createdAt } }, { upsert: true });
  }

  async libraryId(workspace: string): Promise<Types.ObjectId> {
    const known = this.libraries.get(workspace);
    if (known) return known;
    const found = await this.workspaces.findById(workspace, { libraryId: 1 }).lean();
    if (!found) throw notFound('workspace');
    this.libraries.set(workspace, found.libraryId);
    return found.libraryId;
  }

  /** The project with this id, or the library. @throws DomainError NOT_FOUND */
  async resolveId(workspace: string, id: string | undefined): Promise<Types.ObjectId> {
    if (id === undefined) return this.libraryId(workspace);
    return (await this.get(workspace, id))._id;
  }

  async get(workspace: string, id: string): Promise<ProjectDocument> {
    const project = await this.projects.findOne({ _id: toObjectId(id, 'project'), workspace }).lean();
    if (!project) throw notFound('project');
    return project;
  }

  /** Oldest first. */
  async list(workspace: string, options: { nameContains?: string | undefined; offset: number; limit: number }) {
    // The name is data: a literal search, not an expression that a client could make slow.
    const name = options.nameContains;
    const filter = {
      workspace,
      ...(name ? { $expr: trusted({ $gte: [{ $indexOfCP: ['$name', { $literal: name }] }, 0] }) } : {}),
    };
    const [projects, total] = await Promise.all([
      this.projects.find(filter).sort({ createdAt: 1, _id: 1 }).skip(options.offset).limit(options.limit).lean(),
      this.projects.countDocuments(filter),
    ]);
    return { projects, total };
  }
}
