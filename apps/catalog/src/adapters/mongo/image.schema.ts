import type { ContentState, Image, TagReference } from '@pentaprism/contracts';
import { Schema, Types } from 'mongoose';

export interface ImageDocument {
  _id: Types.ObjectId;
  workspace: string;
  project: Types.ObjectId;
  number: number;
  fileName: string;
  createdBy: string;
  createdAt: Date;
  /** Whole seconds of `createdAt`: what lists are ordered by. It grows with `number`, so that both orders are the same. */
  createdSecond: number;
  uploadedAt: Date | null;
  size: number;
  sha256: string | null;
  mediaType?: string;
  /** That of the content, kept here so that pictures can be chosen from an index. */
  state: ContentState;
  /** Uniform in [0, 1): the order in which pictures are drawn. */
  draw: number;
  tags: { id: Types.ObjectId; number: number; name: string }[];
}

export const IMAGE_MODEL = 'Image';

const tagSchema = new Schema({ id: Schema.Types.ObjectId, number: Number, name: String }, { _id: false });

export const imageSchema = new Schema<ImageDocument>(
  {
    workspace: { type: String, required: true },
    project: { type: Schema.Types.ObjectId, required: true },
    number: { type: Number, required: true },
    fileName: { type: String, default: '' },
    createdBy: { type: String, required: true },
    createdAt: { type: Date, required: true },
    createdSecond: { type: Number, required: true },
    uploadedAt: { type: Date, default: null },
    size: { type: Number, required: true },
    sha256: { type: String, default: null },
    mediaType: String,
    state: { type: String, required: true },
    draw: { type: Number, required: true },
    tags: { type: [tagSchema], default: [] },
  },
  { collection: 'images', versionKey: false },
);
imageSchema.index({ workspace: 1, project: 1, createdSecond: -1, number: -1 });
imageSchema.index({ workspace: 1, project: 1, 'tags.id': 1, createdSecond: -1, number: -1 });
imageSchema.index({ workspace: 1, number: 1 }, { unique: true });
imageSchema.index({ workspace: 1, sha256: 1 }, { partialFilterExpression: { sha256: { $type: 'string' } } });
imageSchema.index({ workspace: 1, project: 1, state: 1, draw: 1 });

export function toImage(image: ImageDocument): Image {
  return {
    id: image._id.toHexString(),
    number: image.number,
    projectId: image.project.toHexString(),
    fileName: image.fileName,
    createdBy: image.createdBy,
    createdAt: image.createdAt.getTime(),
    uploadedAt: image.uploadedAt?.getTime() ?? null,
    size: image.size,
    tags: image.tags.map(({ id, number, name }) => ({ id: id.toHexString(), number, name })),
    sha256: image.sha256,
    ...(image.mediaType === undefined ? {} : { mediaType: image.mediaType }),
  };
}

export function toTagDocuments(tags: readonly TagReference[]): ImageDocument['tags'] {
  return tags.map(({ id, number, name }) => ({ id: new Types.ObjectId(id), number, name }));
}
