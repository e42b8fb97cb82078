import { Schema, type Types } from 'mongoose';

/** A project that was deleted while something might be made in it: what comes afterwards must not stay. */
export interface DeletedProjectDocument {
  /** The project. */
  _id: Types.ObjectId;
  workspace: string;
  deletedAt: Date;
}

export const DELETED_PROJECT_MODEL = 'DeletedProject';

/** Seconds: much longer than anything takes that began before the deletion. */
const KEPT_SECONDS = 24 * 3600;

export const deletedProjectSchema = new Schema<DeletedProjectDocument>(
  {
    workspace: { type: String, required: true },
    deletedAt: { type: Date, required: true },
  },
  { collection: 'augmentation_deleted_projects', versionKey: false },
);
deletedProjectSchema.index({ deletedAt: 1 }, { expireAfterSeconds: KEPT_SECONDS });
