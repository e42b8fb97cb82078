import { Schema, type Types } from 'mongoose';

/** An image that was deleted while a job might be making samples of it: its samples must not appear afterwards. */
export interface DeletedImageDocument {
  /** The image. */
  _id: Types.ObjectId;
  workspace: string;
  deletedAt: Date;
}

export const DELETED_IMAGE_MODEL = 'DeletedImage';

/** Seconds: longer than any job lives on after it has chosen its pictures. */
const KEPT_SECONDS = 24 * 3600;

export const deletedImageSchema = new Schema<DeletedImageDocument>(
  {
    workspace: { type: String, required: true },
    deletedAt: { type: Date, required: true },
  },
  { collection: 'augmentation_deleted_images', versionKey: false },
);
deletedImageSchema.index({ deletedAt: 1 }, { expireAfterSeconds: KEPT_SECONDS });
