import type { Project } from '@pentaprism/contracts';
import { DEFAULT_TRAINING_SETTINGS } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';
import { comparableName } from './unique-name.js';

export interface WorkspaceDocument {
  /** The workspace's name. */
  _id: string;
  libraryId: Types.ObjectId;
  /** Since the first radiograph. */
  filtersId?: Types.ObjectId;
  /** Raised by transactions that create or rename projects, because they read the others and must not run at once. */
  projectRevision?: number;
  createdAt: Date;
}

export interface ProjectDocument {
  _id: Types.ObjectId;
  workspace: string;
  name: string;
  /**
   * The name, or the name with a number, in NFC. Absent for projects that each workspace has, whose names are reserved, and for
   * deleted ones.
   */
  uniqueName?: string;
  description?: string;
  /** Members without a chosen value are absent. */
  training?: Partial<Project['training']>;
  createdAt: Date;
  modifiedAt?: Date;
  /** The hidden project for pictures that models of this one were shown; since the first of them. */
  predictionsId?: Types.ObjectId;
  /** No call finds it by its id or in a list. */
  hidden?: true;
  /** Gone for every reader; what belonged to it is being removed. */
  deletedAt?: Date;
  /** Since when nothing of a deleted project is left. */
  emptiedAt?: Date;
}

export const WORKSPACE_MODEL = 'Workspace';
export const PROJECT_MODEL = 'Project';

export const workspaceSchema = new Schema<WorkspaceDocument>(
  {
    _id: { type: String, required: true },
    libraryId: { type: Schema.Types.ObjectId, required: true },
    filtersId: Schema.Types.ObjectId,
    projectRevision: Number,
    createdAt: { type: Date, required: true },
  },
  { collection: 'workspaces', versionKey: false },
);

const trainingSchema = new Schema(
  { domain: String, classificationType: String, exportPlatforms: { type: [String], default: undefined } },
  { _id: false },
);

export const projectSchema = new Schema<ProjectDocument>(
  {
    workspace: { type: String, required: true },
    name: { type: String, required: true },
    uniqueName: String,
    description: String,
    training: trainingSchema,
    createdAt: { type: Date, required: true },
    modifiedAt: Date,
    predictionsId: Schema.Types.ObjectId,
    hidden: Boolean,
    deletedAt: Date,
    emptiedAt: Date,
  },
  { collection: 'projects', versionKey: false },
);
projectSchema.index({ workspace: 1, createdAt: 1 });
projectSchema.index(
  { workspace: 1, uniqueName: 1 },
  { unique: true, partialFilterExpression: { uniqueName: { $type: 'string' } } },
);
projectSchema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $type: 'date' } } });

/** As contracts show it; records of earlier versions lack some members. */
export function toProject(project: ProjectDocument, imageCount: number): Project {
  const { _id, name, description = '', training, createdAt, modifiedAt = createdAt } = project;
  return {
    id: _id.toHexString(),
    name,
    uniqueName: uniqueNameOf(project),
    description,
    training: { ...DEFAULT_TRAINING_SETTINGS, exportPlatforms: [], ...training },
    createdAt: createdAt.getTime(),
    modifiedAt: modifiedAt.getTime(),
    imageCount,
  };
}

/** Returns the unique name. Without a number it is written as the client wrote the name, which may be in another normal form. */
function uniqueNameOf({ name, uniqueName }: ProjectDocument): string {
  return uniqueName === undefined || uniqueName === comparableName(name) ? name : uniqueName;
}
