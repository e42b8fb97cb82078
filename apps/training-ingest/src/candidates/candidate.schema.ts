import type {
  AugmentationRecipe,
  Blueprint,
  Candidate,
  CandidateMetrics,
  ListedCandidate,
  TrainedFiles,
} from '@pentaprism/contracts';
import { blueprintOf, describeModels, type CandidateState, type MetricName } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';

type ReadonlyBlueprint = Omit<Blueprint, 'processes'> & { readonly processes: readonly string[] };

/** What the training of a candidate found out. */
export interface TrainedCandidate {
  files: TrainedFiles;
  metrics: CandidateMetrics;
  rowCount: number;
  seconds: number;
}

/** A model of a project's target. */
export interface CandidateDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  /** Of the project's target: a project has one in its life. */
  target: Types.ObjectId;
  metric: MetricName;
  /** Within the project, from 1. */
  number: number;
  /** The id of the blueprint. */
  blueprint: string;
  imageColumns: string[];
  /** As the project's list had it at that moment. */
  augmentation: AugmentationRecipe | null;
  state: CandidateState;
  /** In the ledger. */
  job: Types.ObjectId;
  jobNumber: number;
  createdAt: Date;
  trainedAt: Date | null;
  trained: TrainedCandidate | null;
  error: string | null;
  /** From then on no call finds it. It is removed later. */
  deletedAt: Date | null;
}

export const CANDIDATE_FILES = ['model', 'predictions'] as const;
/** Where hashes of files are. */
export const CANDIDATE_FILE_FIELDS = CANDIDATE_FILES.map((file) => `trained.files.${file}.sha256`);

export const CANDIDATE_MODEL = 'Candidate';

export const candidateSchema = new Schema<CandidateDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    target: { type: Schema.Types.ObjectId, required: true },
    metric: { type: String, required: true },
    number: { type: Number, required: true },
    blueprint: { type: String, required: true },
    imageColumns: { type: [String], default: [] } as never,
    augmentation: { type: Schema.Types.Mixed, default: null },
    state: { type: String, required: true },
    job: { type: Schema.Types.ObjectId, required: true },
    jobNumber: { type: Number, required: true },
    createdAt: { type: Date, required: true },
    trainedAt: { type: Date, default: null },
    trained: { type: Schema.Types.Mixed, default: null },
    error: { type: String, default: null },
    deletedAt: { type: Date, default: null },
  },
  { collection: 'candidates', versionKey: false, minimize: false },
);
candidateSchema.index({ workspace: 1, project: 1, number: 1 }, { unique: true });
/** One training of a blueprint at a time, also if two are asked for at once. */
candidateSchema.index(
  { workspace: 1, project: 1, blueprint: 1 },
  { name: 'one_training', unique: true, partialFilterExpression: { state: 'training' } },
);
candidateSchema.index({ createdAt: 1 }, { partialFilterExpression: { state: 'failed' } });
candidateSchema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $type: 'date' } } });
for (const field of CANDIDATE_FILE_FIELDS)
  candidateSchema.index({ workspace: 1, [field]: 1 }, { partialFilterExpression: { [field]: { $type: 'string' } } });

export function toCandidate(document: CandidateDocument): Candidate {
  return { ...toListedCandidate(document), imageColumns: document.imageColumns };
}

export function toListedCandidate(document: CandidateDocument): ListedCandidate {
  const { _id, project, job, createdAt, trainedAt, trained } = document;
  return {
    id: _id.toHexString(),
    projectId: project.toHexString(),
    number: document.number,
    blueprint: toBlueprint(
      blueprintOf(document.blueprint) ?? unknownBlueprint(document.blueprint),
      document.imageColumns.length,
    ),
    state: document.state,
    jobId: job.toHexString(),
    jobNumber: document.jobNumber,
    createdAt: createdAt.getTime(),
    trainedAt: trainedAt?.getTime() ?? null,
    rowCount: trained?.rowCount ?? null,
    metrics: trained?.metrics ?? {},
    error: document.error,
  };
}

/** @param imageColumns how many the model uses */
export function toBlueprint(blueprint: ReadonlyBlueprint, imageColumns: number): Blueprint {
  const { modelType, processes } = describeModels(blueprint, imageColumns);
  return { id: blueprint.id, modelType, processes: [...processes] };
}

/** Describes a blueprint that this version no longer has. */
function unknownBlueprint(id: string): ReadonlyBlueprint {
  return { id, modelType: id, processes: [] };
}
