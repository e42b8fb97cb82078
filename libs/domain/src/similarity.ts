/** Images of one column that near duplicates are found among. */
export const MAX_NEAR_DUPLICATE_IMAGES = 100_000;

/**
 * Images of one column that similar ones are found among exactly: 640 MB in memory with the default backbone. Embeddings of larger
 * columns, and of those for which there is less memory, are only kept compressed.
 */
export const SIMILAR_EXACT_LIMIT = 100_000;

/** Images of one column that similar ones are found among. */
export const MAX_COMPARED_IMAGES = 1_000_000;

/** Bits in which the perceptual hashes of near duplicates differ at most: the limit, and the default. */
export const MAX_HASH_DISTANCE = 12;
export const DEFAULT_HASH_DISTANCE = 10;

/** Groups of near duplicates on one page, and images that are listed of each. */
export const MAX_DUPLICATE_GROUPS_PER_PAGE = 100;
export const MAX_IMAGES_PER_DUPLICATE_GROUP = 100;

/** Similar images of one answer: the limit, and the default. */
export const MAX_SIMILAR_IMAGES = 100;
export const DEFAULT_SIMILAR_IMAGES = 10;

/** Bytes of an uploaded picture that similar images are searched for. */
export const MAX_QUERY_PICTURE_BYTES = 4 * 1024 * 1024;
