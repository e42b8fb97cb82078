import type { AugmentationList } from '@pentaprism/contracts';
import { Schema, type Types } from 'mongoose';

export interface AugmentationListDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  name: string;
  featureName: string | null;
  /** Trainings of the project use the newest list that says so. */
  initialList: boolean;
  /** A training has learned from it, so that it cannot be deleted. It can be changed, because trainings copy its recipe. */
  inUse: boolean;
  transformationProbability: number;
  numberOfNewImages: number;
  /** JSON, so that whatever members clients put there (`$x`, `a.b`) come back exactly as they were sent. */
  transformations: string;
  /** The latest finished samples. */
  samples: Types.ObjectId | null;
}

export const AUGMENTATION_LIST_MODEL = 'AugmentationList';

export const augmentationListSchema = new Schema<AugmentationListDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    name: { type: String, required: true },
    featureName: { type: String, default: null },
    initialList: { type: Boolean, required: true },
    inUse: { type: Boolean, default: false },
    transformationProbability: { type: Number, required: true },
    numberOfNewImages: { type: Number, required: true },
    transformations: { type: String, required: true },
    samples: { type: Schema.Types.ObjectId, default: null },
  },
  { collection: 'augmentation_lists', versionKey: false },
);
augmentationListSchema.index({ workspace: 1, project: 1, _id: 1 });
augmentationListSchema.index({ workspace: 1, project: 1, _id: -1 }, { partialFilterExpression: { initialList: true } });

/** What users set. */
export type ListSettings = Omit<AugmentationList, 'id' | 'projectId' | 'inUse' | 'samplesId'>;

export function toSettingsFields({ transformations, ...fields }: Partial<ListSettings>) {
  return { ...fields, ...(transformations ? { transformations: JSON.stringify(transformations) } : {}) };
}

export function toAugmentationList(list: AugmentationListDocument): AugmentationList {
  return {
    id: list._id.toHexString(),
    projectId: list.project.toHexString(),
    name: list.name,
    featureName: list.featureName,
    initialList: list.initialList,
    inUse: list.inUse,
    samplesId: list.samples?.toHexString() ?? null,
    transformationProbability: list.transformationProbability,
    numberOfNewImages: list.numberOfNewImages,
    transformations: JSON.parse(list.transformations) as AugmentationList['transformations'],
  };
}
