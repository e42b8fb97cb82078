import {
  CLASSIFICATION_TYPES,
  isObjectId,
  isWorkspaceName,
  JOB_STATES,
  MAX_DESCRIPTION_LENGTH,
  MAX_FILE_NAME_LENGTH,
  MAX_METADATA_KEY_LENGTH,
  MAX_METADATA_PAIRS,
  MAX_METADATA_VALUE_LENGTH,
  MAX_MODALITY_ID_LENGTH,
  MAX_PAGE_OFFSET,
  MAX_PAGE_SIZE,
  MAX_PROJECT_NAME_LENGTH,
  MAX_TAG_GROUPS,
  MAX_TAG_NAME_LENGTH,
  MAX_TAGS_PER_GROUP,
  MODEL_DOMAINS,
  ROLES,
  TAG_TYPES,
} from '@pentaprism/domain';
import { z } from 'zod';

/** Canonical id: a MongoDB ObjectId as 24 lower-case hexadecimal digits. */
export const objectId = z.string().refine(isObjectId, 'must be 24 hexadecimal digits');
/** Milliseconds since the Unix epoch. */
export const timestamp = z.int().nonnegative();
/** Whole seconds since the Unix epoch. */
export const epochSecond = z.int();
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
export const workspaceName = z.string().refine(isWorkspaceName, 'must be a workspace name');
export const role = z.enum(ROLES);
export const empty = z.strictObject({});

/** Bytes in the blob store, as the gateway or a worker put them there. */
export const contentReference = z.object({ sha256, size: z.int().nonnegative(), mediaType: z.string() });
export type ContentReference = z.output<typeof contentReference>;

/** A thing by its canonical id or by its number in the workspace. */
export const idOrNumber = z.union([z.strictObject({ id: objectId }), z.strictObject({ number: z.int().positive() })]);

/** Offset paging; a dialect turns its own page numbers into it. */
export const paging = {
  offset: z.int().min(0).max(MAX_PAGE_OFFSET).default(0),
  limit: z.int().min(1).max(MAX_PAGE_SIZE).default(100),
};

export const tagReference = z.object({
  id: objectId,
  number: z.int().positive(),
  name: z.string(),
  /** Whether it may not stand beside other tags on one image; absent: it may. */
  negative: z.boolean().optional(),
});
export type TagReference = z.output<typeof tagReference>;

/** A tag with what only its own project's clients see. */
export const tagDetails = tagReference
  .omit({ negative: true })
  .extend({ description: z.string(), type: z.enum(TAG_TYPES) });
export type TagDetails = z.output<typeof tagDetails>;

/** Returns how calls that give a tag to an image name it. */
export function tagReferenceOf({ id, number, name, type }: TagDetails): TagReference {
  return { id, number, name, ...(type === 'negative' ? { negative: true } : {}) };
}

/** Ids of tags of which an image carries one, or `any` for an image that carries any tag at all. */
export const tagGroups = z
  .array(z.union([z.literal('any'), z.array(objectId).max(MAX_TAGS_PER_GROUP)]))
  .max(MAX_TAG_GROUPS);
export type TagGroups = z.output<typeof tagGroups>;

export const tagName = z.string().max(MAX_TAG_NAME_LENGTH);
export const tagNames = z.array(tagName);
export const fileName = z.string().max(MAX_FILE_NAME_LENGTH);

/**
 * What is known of the bytes of an image:
 * `awaiting-file` (announced, no bytes yet), `pending` (stored, not looked at), `decoded`, `undecodable` (kept and
 * served as plain bytes, hidden where a picture is needed; `reason` says why).
 */
export const contentState = z.enum(['awaiting-file', 'pending', 'decoded', 'undecodable']);
export type ContentState = z.output<typeof contentState>;

export const image = z.object({
  id: objectId,
  /** Positive, unique in the workspace, never reused: the id of dialects that show integers. */
  number: z.int().positive(),
  projectId: objectId,
  fileName: z.string(),
  createdBy: z.string(),
  createdAt: timestamp,
  /** Null until the file is there. */
  uploadedAt: timestamp.nullable(),
  /** Bytes stored; before that the size announced. */
  size: z.int().nonnegative(),
  tags: z.array(tagReference),
  sha256: sha256.nullable(),
  /** By magic bytes; absent while there is no file. */
  mediaType: z.string().optional(),
  /** From then on it counts as gone; absent: it stays. */
  expiresAt: timestamp.optional(),
  /** Why its bytes are no picture, in a sentence. Absent: they are one, or have not been decoded yet. */
  undecodable: z.string().optional(),
});
export type Image = z.output<typeof image>;

/** An image whose pixels are known, and where its bytes are. */
export const picture = z.object({
  id: objectId,
  projectId: objectId,
  sha256,
  size: z.int().nonnegative(),
  mediaType: z.string(),
  width: z.int().positive(),
  height: z.int().positive(),
});
export type Picture = z.output<typeof picture>;

/** What clients note of an image: text by text. */
export const imageMetadata = z
  .record(z.string().min(1).max(MAX_METADATA_KEY_LENGTH), z.string().max(MAX_METADATA_VALUE_LENGTH))
  .refine((pairs) => Object.keys(pairs).length <= MAX_METADATA_PAIRS, 'has too many pairs');

/** An image that models can learn from: decoded, and with what is shown of it. */
export const trainingImage = z.object({
  id: objectId,
  projectId: objectId,
  fileName: z.string(),
  createdAt: timestamp,
  width: z.int().positive(),
  height: z.int().positive(),
  tags: z.array(tagReference.extend({ taggedAt: timestamp })),
  original: contentReference,
  thumbnail: contentReference,
  /** Null: the original is small enough to be shown. */
  resized: contentReference.nullable(),
  expiresAt: timestamp.nullable(),
  /** Absent: there is none. */
  metadata: imageMetadata.optional(),
});
export type TrainingImage = z.output<typeof trainingImage>;

/** Of a session of a modality, or of an image in one: whatever the modality calls it. */
export const modalityId = z.string().min(1).max(MAX_MODALITY_ID_LENGTH);

/** An image in a session of a modality. */
export const modalityReference = z.object({ sessionId: modalityId, imageId: modalityId });
export type ModalityReference = z.output<typeof modalityReference>;

const int32 = z.int32();

/** How raw gray values become those that are shown: see `lookupTableOf` in the domain. What is not known is absent. */
export const lookupTable = z.object({
  gamma: z.number().optional(),
  slope: z.number().optional(),
  offset: z.number().optional(),
  totalGrays: int32.optional(),
  minimumGray: int32.optional(),
  maximumGray: int32.optional(),
});

/** What a modality says about a radiograph that it took. */
export const radiographInfo = z.object({
  binning: z.enum(['unbinned', 'binned-2x2']),
  lut: lookupTable.nullable(),
});
export type RadiographInfo = z.output<typeof radiographInfo>;

/** Names a radiograph: a random UUID. What is none names nothing. */
export const radiographKey = z.string().max(100);

/** A 16-bit grayscale image as a sensor took it; its bytes are kept as they came, until it expires. */
export const radiograph = z.object({
  key: z.uuidv4(),
  /** The image of the catalog that it is. */
  imageId: objectId,
  source: contentReference,
  info: radiographInfo,
  session: modalityReference.nullable(),
  createdAt: timestamp,
  expiresAt: timestamp,
});
export type Radiograph = z.output<typeof radiograph>;

export const projectName = z.string().min(1).max(MAX_PROJECT_NAME_LENGTH);
export const description = z.string().max(MAX_DESCRIPTION_LENGTH);

/** What the models of a project are to be. */
export const trainingSettings = z.object({
  domain: z.enum(MODEL_DOMAINS),
  classificationType: z.enum(CLASSIFICATION_TYPES),
  /** What exported models are to run on, as the client calls it; kept, and not looked at. */
  exportPlatforms: z.array(z.string().max(100)).max(20),
});

export const project = z.object({
  id: objectId,
  name: z.string(),
  /** Differs from those of all other projects of the workspace: the name, or the name with a number such as `photos (2)`. */
  uniqueName: z.string(),
  description: z.string(),
  training: trainingSettings,
  createdAt: timestamp,
  modifiedAt: timestamp,
  imageCount: z.int().nonnegative(),
});
export type Project = z.output<typeof project>;

export const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  role,
  workspace: workspaceName,
  createdAt: timestamp,
  createdBy: z.string(),
});
export type ApiKey = z.output<typeof apiKey>;

export const jobError = z.object({ code: z.string(), message: z.string() });

export const job = z.object({
  id: objectId,
  /** Positive, unique in the workspace: the id of dialects whose clients want digits. Null for internal jobs. */
  number: z.int().positive().nullable(),
  owner: z.string(),
  type: z.string(),
  state: z.enum(JOB_STATES),
  /** From 0 to 1. */
  progress: z.number().min(0).max(1),
  error: jobError.nullable(),
  createdAt: timestamp,
  startedAt: timestamp.nullable(),
  finishedAt: timestamp.nullable(),
  /** What the job is about, for building links: ids of the owner's own things. */
  subject: z.record(z.string(), z.string()),
});
export type Job = z.output<typeof job>;

export const dependencyHealth = z.object({
  name: z.string(),
  ok: z.boolean(),
  /** It serves reads, and refuses writes because there is too little space. */
  degraded: z.boolean().optional(),
  message: z.string().optional(),
});
export const serviceHealth = z.object({ service: z.string(), dependencies: z.array(dependencyHealth) });
export type ServiceHealth = z.output<typeof serviceHealth>;
