import type {
  AugmentationRecipe,
  ContentReference,
  ExportedModel,
  Iteration,
  JobPayload,
  trainModel,
} from '@pentaprism/contracts';
import type { ClassificationType, IterationStatus, ModelDomain, TagType } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';

/** The files of a trained model, in the blob store. */
export interface TrainedModel {
  backbone: string;
  head: ContentReference;
  evaluation: ContentReference;
  examples: ContentReference;
}

export const MODEL_FILES = ['head', 'evaluation', 'examples'] as const;
/** Where hashes of files are. */
export const FILE_FIELDS = [...MODEL_FILES.map((file) => `model.${file}.sha256`), 'exports.content.sha256'];

export interface IterationTag {
  id: string;
  name: string;
  type: TagType;
}

/** One training of a project, and the model that came of it. Its images are a snapshot of the same id in the catalog. */
export interface IterationDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  name: string;
  status: IterationStatus;
  createdAt: Date;
  modifiedAt: Date;
  trainedAt: Date | null;
  domain: ModelDomain;
  classificationType: ClassificationType;
  trainingType: string | null;
  reservedBudgetInHours: number;
  /** That the training took. */
  seconds: number;
  publishName: string | null;
  publishTarget: string | null;
  isDefault: boolean;
  error: string | null;
  /** In the ledger. */
  job: Types.ObjectId;
  /** What it was trained on: the same again would make the same model. */
  fingerprint: string;
  /** As the project's list had it at that moment. Absent in iterations of earlier versions, as good as null. */
  augmentation?: AugmentationRecipe | null;
  /** The model's outputs, in this order. */
  tags: IterationTag[];
  model: TrainedModel | null;
  exports: (ExportedModel & { job: string })[];
  /** From then on no call finds it. What belongs to it is removed later. */
  deletedAt: Date | null;
}

export const ITERATION_MODEL = 'Iteration';

export const iterationSchema = new Schema<IterationDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    name: { type: String, required: true },
    status: { type: String, required: true },
    createdAt: { type: Date, required: true },
    modifiedAt: { type: Date, required: true },
    trainedAt: { type: Date, default: null },
    domain: { type: String, required: true },
    classificationType: { type: String, required: true },
    trainingType: { type: String, default: null },
    reservedBudgetInHours: { type: Number, default: 0 },
    seconds: { type: Number, default: 0 },
    publishName: { type: String, default: null },
    publishTarget: { type: String, default: null },
    isDefault: { type: Boolean, default: false },
    error: { type: String, default: null },
    job: { type: Schema.Types.ObjectId, required: true },
    fingerprint: { type: String, required: true },
    augmentation: { type: Schema.Types.Mixed, default: null },
    tags: { type: [Schema.Types.Mixed], default: [] } as never,
    model: { type: Schema.Types.Mixed, default: null },
    exports: { type: [Schema.Types.Mixed], default: [] } as never,
    deletedAt: { type: Date, default: null },
  },
  { collection: 'iterations', versionKey: false },
);
iterationSchema.index({ workspace: 1, project: 1, createdAt: -1, _id: -1 });
/** One training of a project at a time, also when two are asked for at once. */
iterationSchema.index(
  { workspace: 1, project: 1 },
  { name: 'one_training', unique: true, partialFilterExpression: { status: 'training' } },
);
iterationSchema.index(
  { workspace: 1, project: 1, publishName: 1 },
  { unique: true, partialFilterExpression: { publishName: { $type: 'string' } } },
);
iterationSchema.index(
  { workspace: 1, project: 1 },
  { name: 'one_default', unique: true, partialFilterExpression: { isDefault: true } },
);
// Few at any time, of all workspaces.
iterationSchema.index({ status: 1, createdAt: 1 }, { partialFilterExpression: { status: 'training' } });
iterationSchema.index({ deletedAt: 1 }, { partialFilterExpression: { deletedAt: { $type: 'date' } } });
for (const field of FILE_FIELDS)
  iterationSchema.index({ workspace: 1, [field]: 1 }, { partialFilterExpression: { [field]: { $type: 'string' } } });

export function toIteration(iteration: IterationDocument, progress: number): Iteration {
  const { _id, project, createdAt, modifiedAt, trainedAt, seconds, ...rest } = iteration;
  return {
    id: _id.toHexString(),
    projectId: project.toHexString(),
    name: rest.name,
    status: rest.status,
    progress,
    createdAt: createdAt.getTime(),
    modifiedAt: modifiedAt.getTime(),
    trainedAt: trainedAt?.getTime() ?? null,
    domain: rest.domain,
    classificationType: rest.classificationType,
    trainingType: rest.trainingType,
    reservedBudgetInHours: rest.reservedBudgetInHours,
    trainingMinutes: Math.ceil(seconds / 60),
    publishName: rest.publishName,
    publishTarget: rest.publishTarget,
    isDefault: rest.isDefault,
    error: rest.error,
  };
}

/** The job that trains it. */
export function payloadOf(iteration: IterationDocument): JobPayload<typeof trainModel> {
  return {
    workspace: iteration.workspace,
    projectId: iteration.project.toHexString(),
    iterationId: iteration._id.toHexString(),
    classificationType: iteration.classificationType,
    tags: iteration.tags.map(({ id, name }) => ({ id, name })),
    // The same images and tags make the same model.
    seed: parseInt(iteration.fingerprint.slice(0, 8), 16),
    augmentation: iteration.augmentation ?? null,
  };
}
