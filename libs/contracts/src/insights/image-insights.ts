import { INSIGHT_KINDS, MAX_COLUMN_NAME_LENGTH, MAX_MAP_SIDE } from '@pentaprism/domain';
import { z } from 'zod';
import { defineJob, defineRpc } from '../define.js';
import { contentReference, job, objectId, paging, sha256, workspaceName } from '../schemas.js';

const owner = 'insights' as const;

/** The area of the blob store where the files of insights and the overlays are. */
export const INSIGHTS_AREA = 'insights';

/** Overlays of one call of `recordOverlays` or `recordedOverlays`. */
export const MAX_OVERLAYS_PER_CALL = 100;
/** Pairs of one page of `computed`. */
export const MAX_COMPUTED_PER_CALL = 1_000;

const columnName = z.string().min(1).max(MAX_COLUMN_NAME_LENGTH);
const candidateKey = { projectId: objectId, candidateId: objectId };
const kind = z.enum(INSIGHT_KINDS);
const mapSide = z.int().positive().max(MAX_MAP_SIDE);

/** The insights of one image column, in a file of the area `insights`: see `insightHeader`. */
export const insightFile = z.object({
  file: contentReference,
  /** Lines after the first one. */
  images: z.int().nonnegative(),
  /** Places of each activation map. Null for embeddings, and if there are no maps. */
  map: z.object({ width: mapSide, height: mapSide }).nullable(),
});
export type InsightFile = z.output<typeof insightFile>;

/** A picture with its activation map, in the area `insights`. */
export const overlay = z.object({
  content: contentReference,
  width: z.int().positive(),
  height: z.int().positive(),
});
export type Overlay = z.output<typeof overlay>;

/** An activation map that is recorded with its overlay, so that a job that starts again does not compute it again. */
const recordedMap = z
  .strictObject({
    rows: mapSide,
    columns: mapSide,
    /** Row by row, one byte for each place, in base64. */
    values: z.base64(),
  })
  .refine(({ rows, columns, values }) => Buffer.byteLength(values, 'base64') === rows * columns, {
    error: 'must have a byte for each place',
  });
export type RecordedMap = z.output<typeof recordedMap>;

/** The index of a column, for which a job that runs records overlays. */
const overlayColumn = { jobId: objectId, column: z.int().nonnegative() };

export const imageInsightContracts = {
  /**
   * Begins to compute insights of one kind for all image columns of a candidate. FAILED_PRECONDITION has a `reason`: `not-trained`,
   * `no-images`, `computed`, or `under-way`. After a failure or an abort it can be requested again.
   */
  compute: defineRpc({
    owner,
    subject: 'insights.v1.image-insight.compute',
    request: z.strictObject({ ...candidateKey, kind }),
    response: job,
    errors: ['NOT_FOUND', 'FAILED_PRECONDITION', 'UNAVAILABLE'],
  }),
  /** Lists candidates and image columns whose insights are computed, oldest first. */
  computed: defineRpc({
    owner,
    subject: 'insights.v1.image-insight.computed',
    request: z.strictObject({
      projectId: objectId,
      kind,
      offset: paging.offset,
      limit: z.int().min(1).max(MAX_COMPUTED_PER_CALL).default(MAX_COMPUTED_PER_CALL),
    }),
    response: z.object({
      insights: z.array(z.object({ candidateId: objectId, column: columnName })),
      total: z.int().nonnegative(),
    }),
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
  /** Returns null if the insights are not computed. INVALID_ARGUMENT: the candidate does not use an image column of this name. */
  get: defineRpc({
    owner,
    subject: 'insights.v1.image-insight.get',
    request: z.strictObject({ ...candidateKey, kind, column: columnName }),
    response: z.object({ insight: insightFile.nullable() }),
    errors: ['NOT_FOUND', 'INVALID_ARGUMENT', 'UNAVAILABLE'],
  }),
  /** Returns a file of embeddings whose positions have this key, of any project; null if there is none. */
  positions: defineRpc({
    owner,
    subject: 'insights.v1.image-insight.positions',
    request: z.strictObject({ key: sha256 }),
    response: z.object({ file: contentReference.nullable() }),
    errors: ['UNAVAILABLE'],
  }),
  /** Returns a picture with its activation map, by its own image id. */
  overlay: defineRpc({
    owner,
    subject: 'insights.v1.image-insight.overlay',
    request: z.strictObject({ projectId: objectId, imageId: objectId }),
    response: overlay.extend({ imageId: objectId }),
    errors: ['NOT_FOUND'],
  }),
  /**
   * Records overlays of a job that runs, and returns their image ids, in the order of the request. The overlay of the same image and
   * column gets the same id again. NOT_FOUND: the job has ended.
   */
  recordOverlays: defineRpc({
    owner,
    subject: 'insights.v1.image-insight.record-overlays',
    request: z.strictObject({
      ...overlayColumn,
      overlays: z
        .array(overlay.strict().extend({ imageId: objectId, map: recordedMap }))
        .min(1)
        .max(MAX_OVERLAYS_PER_CALL),
    }),
    response: z.object({ imageIds: z.array(objectId) }),
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
  /**
   * Returns overlays that earlier starts of a job have recorded, in the order of their images behind one of them. NOT_FOUND: the
   * job has ended.
   */
  recordedOverlays: defineRpc({
    owner,
    subject: 'insights.v1.image-insight.recorded-overlays',
    request: z.strictObject({
      ...overlayColumn,
      after: objectId.nullable(),
      limit: z.int().min(1).max(MAX_OVERLAYS_PER_CALL).default(MAX_OVERLAYS_PER_CALL),
    }),
    response: z.object({
      overlays: z.array(z.object({ imageId: objectId, overlayImageId: objectId, map: recordedMap })),
    }),
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  }),
};

const insightPayload = z.object({ workspace: workspaceName, ...candidateKey });
const insightColumn = insightFile.extend({
  column: columnName,
  /** A hash of all that the positions in the file depend on. Null for activation maps, and for positions that are not used again. */
  positions: sha256.nullable().default(null),
});
const insightResult = z.object({ columns: z.array(insightColumn) });
export type InsightColumn = z.output<typeof insightResult>['columns'][number];

/** Computes where the images of a candidate lie in a plane, so that similar ones are near each other. */
export const computeEmbeddings = defineJob({
  owner,
  type: 'insight.embeddings',
  queue: 'insight',
  payload: insightPayload,
  result: insightResult,
});

/** Computes which places of images a candidate's predictions rest on. */
export const computeActivationMaps = defineJob({
  owner,
  type: 'insight.activation-maps',
  queue: 'insight',
  payload: insightPayload,
  result: insightResult,
});
