import type {
  ContentReference,
  ContentState,
  Image,
  ModalityReference,
  RadiographInfo,
  TagReference,
} from '@pentaprism/contracts';
import { systemDate } from '@pentaprism/domain';
import { Schema, Types } from 'mongoose';

/** What an image is besides, whose bytes came from a sensor: the image's own are the picture that was made of them. */
export interface RadiographDocument {
  /** UUID v4. */
  key: string;
  source: ContentReference;
  info: RadiographInfo;
  session: ModalityReference | null;
}

export interface TagDocument {
  id: Types.ObjectId;
  number: number;
  name: string;
  /** When the image was given it. Absent: when the image was made, by an earlier version. */
  at?: Date;
}

export interface MetadataPair {
  key: string;
  value: string;
}

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
  /** `sha256` of images that share their bytes with no other one of the project that has this field. */
  uniqueSha256?: string;
  mediaType?: string;
  /** That of the content, kept here so that pictures can be chosen from an index. */
  state: ContentState;
  /** Uniform in [0, 1): the order in which pictures are drawn. */
  draw: number;
  tags: TagDocument[];
  /** Whether there are any tags, for an index. Records of earlier versions do not say. */
  tagged?: boolean;
  /** From then on it counts as gone, and is removed. Absent: it stays. */
  expiresAt?: Date;
  radiograph?: RadiographDocument;
  /** Of a radiograph: why no picture could be made of it, in a sentence. Of other images, the content has the reason. */
  undecodable?: string;
  /** In the order in which they were added; keys may be no names of fields. */
  metadata?: MetadataPair[];
  /** Of a hidden project: found by those only who know the project. */
  hidden?: true;
}

export const IMAGE_MODEL = 'Image';

export const tagSchema = new Schema<TagDocument>(
  { id: Schema.Types.ObjectId, number: Number, name: String, at: Date },
  { _id: false },
);

export const metadataSchema = new Schema<MetadataPair>({ key: String, value: String }, { _id: false });

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
    uniqueSha256: String,
    mediaType: String,
    state: { type: String, required: true },
    draw: { type: Number, required: true },
    tags: { type: [tagSchema], default: [] },
    tagged: Boolean,
    expiresAt: Date,
    radiograph: Schema.Types.Mixed,
    undecodable: String,
    metadata: { type: [metadataSchema], default: undefined },
    hidden: Boolean,
  },
  { collection: 'images', versionKey: false },
);
/**
 * The indexes of small parts of the collection, for `hint`: the database may have learnt from a small workspace that any
 * other will do.
 */
export const INDEXES = {
  content: { workspace: 1, sha256: 1 },
  source: { workspace: 1, 'radiograph.source.sha256': 1 },
  key: { workspace: 1, 'radiograph.key': 1 },
  session: { 'radiograph.session.sessionId': 1, workspace: 1 },
  /** The pictures of a project, tagged or not. With `expiresAt`, so that they are counted without a look at each. */
  decoded: { workspace: 1, project: 1, tagged: 1, createdSecond: -1, number: -1, expiresAt: 1 },
  /** The images that carry a tag. */
  tag: { workspace: 1, project: 1, 'tags.id': 1, createdSecond: -1, number: -1 },
} as const;

imageSchema.index({ workspace: 1, project: 1, createdSecond: -1, number: -1 });
imageSchema.index(INDEXES.tag);
imageSchema.index(INDEXES.decoded, { partialFilterExpression: { state: 'decoded' } });
imageSchema.index(
  { workspace: 1, project: 1, uniqueSha256: 1 },
  { unique: true, partialFilterExpression: { uniqueSha256: { $type: 'string' } } },
);
imageSchema.index({ workspace: 1, number: 1 }, { unique: true });
imageSchema.index(INDEXES.content, { partialFilterExpression: { sha256: { $type: 'string' } } });
imageSchema.index({ workspace: 1, project: 1, state: 1, draw: 1 });
imageSchema.index({ expiresAt: 1 }, { partialFilterExpression: { expiresAt: { $type: 'date' } } });
imageSchema.index(INDEXES.key, { unique: true, partialFilterExpression: { 'radiograph.key': { $type: 'string' } } });
imageSchema.index(INDEXES.source, { partialFilterExpression: { 'radiograph.source.sha256': { $type: 'string' } } });
imageSchema.index(INDEXES.session, {
  partialFilterExpression: { 'radiograph.session.sessionId': { $type: 'string' } },
});

/** Part of a filter for a field whose index holds texts only: the database does not conclude it from the value. */
export const textIs = (text: string) => ({ $eq: text, $type: 'string' }) as const;
/** As `textIs`, for any of several texts. */
export const textIn = (texts: readonly string[]) => ({ $in: [...texts], $type: 'string' }) as const;

/** Part of a filter: whether an image is there at a time. */
export const unexpired = (now = systemDate()) => ({ expiresAt: { $not: { $lte: now } } });

/** @param undecodable why its bytes are no picture */
export function toImage(image: ImageDocument, undecodable?: string): Image {
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
    ...(image.expiresAt === undefined ? {} : { expiresAt: image.expiresAt.getTime() }),
    ...(undecodable === undefined ? {} : { undecodable }),
  };
}

/** @param at when the image is given them */
export function toTagDocuments(tags: readonly TagReference[], at: Date): TagDocument[] {
  return tags.map(({ id, number, name }) => ({ id: new Types.ObjectId(id), number, name, at }));
}
