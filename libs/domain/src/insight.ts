/** What is computed about the images that a model was made of. */
export const INSIGHT_KINDS = ['embeddings', 'activation-maps'] as const;
export type InsightKind = (typeof INSIGHT_KINDS)[number];

/** Images of one column whose positions are computed. Of more, a sample. */
export const MAX_PROJECTED_IMAGES = 50_000;
/** Classes that the prediction of an image names: the most probable ones. */
export const MAX_PREDICTED_CLASSES = 10;
/** Bytes of a file of insights: 50,000 images take 15 MB. */
export const MAX_INSIGHT_FILE_BYTES = 256 * 1024 ** 2;
/** Bytes of a picture with its activation map. */
export const MAX_OVERLAY_BYTES = 16 * 1024 ** 2;
/** Places of an activation map on one side. */
export const MAX_MAP_SIDE = 64;
