import type { ContentReference, Prediction } from '@pentaprism/contracts';
import type { TagType } from '@pentaprism/domain';
import { Schema, type Types } from 'mongoose';

/** What a model saw in a picture that was kept. The picture is an image of the same id in the catalog. */
export interface PredictionDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  iteration: Types.ObjectId;
  createdAt: Date;
  expiresAt: Date;
  application: string | null;
  content: ContentReference;
  /** Highest probability first. */
  tags: { tagId: string; name: string; type: TagType; probability: number }[];
}

export const PREDICTION_MODEL = 'Prediction';

export const predictionSchema = new Schema<PredictionDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    iteration: { type: Schema.Types.ObjectId, required: true },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    application: { type: String, default: null },
    content: { type: Schema.Types.Mixed, required: true },
    tags: { type: [Schema.Types.Mixed], default: [] } as never,
  },
  { collection: 'predictions', versionKey: false },
);
predictionSchema.index({ workspace: 1, project: 1, createdAt: -1, _id: -1 });
/** Those of an application, in the order of lists. */
export const APPLICATION_INDEX = { workspace: 1, project: 1, application: 1, createdAt: -1, _id: -1 } as const;
predictionSchema.index(APPLICATION_INDEX);
/** Those of an iteration, in the order of lists. */
export const ITERATION_INDEX = { workspace: 1, project: 1, iteration: 1, createdAt: -1, _id: -1 } as const;
predictionSchema.index(ITERATION_INDEX);
/**
 * Those in which a tag has a probability: one entry for each tag of the model, some 20 kB for 500 of them. Each prediction
 * has all tags of its model, so that only the bounds tell few from many: where they are wide, a walk in the order of lists
 * finds a page sooner, and the database chooses.
 */
predictionSchema.index({ workspace: 1, project: 1, 'tags.tagId': 1, 'tags.probability': 1 });
// The pictures go with the catalog's sweep, which looks at its own times.
predictionSchema.index({ expiresAt: 1 }, { expireAfterSeconds: 0 });

export function toPrediction(prediction: PredictionDocument): Prediction {
  const { _id, project, iteration, createdAt, tags } = prediction;
  return {
    id: _id.toHexString(),
    projectId: project.toHexString(),
    iterationId: iteration.toHexString(),
    createdAt: createdAt.getTime(),
    tags,
  };
}
