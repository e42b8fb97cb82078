import type { ContentReference, ModalityImage, RadiographInfo } from '@pentaprism/contracts';
import { Schema } from 'mongoose';

export interface ModalityImageDocument {
  /** A random UUID. */
  _id: string;
  workspace: string;
  /** The session's id. */
  session: string;
  /** In the order in which the images of the session were taken, from 1. */
  position: number;
  /** In the area `modality` of the blob store. */
  content: ContentReference;
  info: RadiographInfo;
  createdAt: Date;
}

export const MODALITY_IMAGE_MODEL = 'ModalityImage';

const contentSchema = new Schema<ContentReference>(
  {
    sha256: { type: String, required: true },
    size: { type: Number, required: true },
    mediaType: { type: String, required: true },
  },
  { _id: false },
);

const lutSchema = new Schema<NonNullable<RadiographInfo['lut']>>(
  { gamma: Number, slope: Number, offset: Number, totalGrays: Number, minimumGray: Number, maximumGray: Number },
  { _id: false },
);

const infoSchema = new Schema<RadiographInfo>(
  { binning: { type: String, required: true }, lut: { type: lutSchema, default: null } },
  { _id: false },
);

export const modalityImageSchema = new Schema<ModalityImageDocument>(
  {
    _id: { type: String, required: true },
    workspace: { type: String, required: true },
    session: { type: String, required: true },
    position: { type: Number, required: true },
    content: { type: contentSchema, required: true },
    info: { type: infoSchema, required: true },
    createdAt: { type: Date, required: true },
  },
  { collection: 'modality_images', versionKey: false },
);
modalityImageSchema.index({ workspace: 1, session: 1, position: 1 }, { unique: true });
modalityImageSchema.index({ workspace: 1, 'content.sha256': 1 });

export function toModalityImage({ _id, session, content, info, createdAt }: ModalityImageDocument): ModalityImage {
  return { sessionId: session, imageId: _id, content, info, createdAt: createdAt.getTime() };
}
