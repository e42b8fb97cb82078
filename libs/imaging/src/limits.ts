/** What one image may cost. Each is checked before the bytes are decoded, or ends the process that decodes them. */

/** Width × height of the page that is decoded. 50 megapixels take 64 MB (WebP) to 224 MB (interlaced PNG) to decode. */
export const MAX_PIXELS = 50_000_000;
/**
 * Of a JPEG with cosine transforms, which is reduced while it is decoded: cameras have up to 108 megapixels, and 200 where
 * pixels are not joined.
 */
export const MAX_JPEG_PIXELS = 216_000_000;
/** Bytes of coefficients of a JPEG that are all kept until its last scan has been read, as those of a progressive one. */
export const MAX_JPEG_COEFFICIENT_BYTES = 720 * 1024 ** 2;
/**
 * Of a BMP. Its decoder takes up to 15 bytes for each pixel and holds the file three times: half of what a process may
 * have, since it may still hold the other half from before.
 */
export const MAX_BITMAP_PIXELS = 20_000_000;
/** Of an image whose pixels are hashed in their full size: they take 100 MB. */
export const MAX_DIGEST_PIXELS = 25_000_000;
/** Of a JPEG whose pixels are hashed. A larger one is decoded at a fraction of its size, which takes a fraction of the time. */
export const MAX_DIGEST_JPEG_PIXELS = 4_000_000;
export const MAX_SIDE = 30_000;
export const MAX_BYTES = 100 * 1024 * 1024;
/** Frames or pages that a file may have besides the one that is decoded: to list them takes time. */
export const MAX_PAGES = 20_000;
/** Samples of a TIFF that are read as they are stored, before they become 8 bits each. */
export const MAX_SAMPLE_BYTES = 384 * 1024 ** 2;
/** Of a progressive JPEG: what libvips takes too, but it finds out only after it has worked through all of them. */
export const MAX_JPEG_SCANS = 100;
/** Scans × pixels of a progressive JPEG: as much work as so many scans of `MAX_PIXELS`. */
export const MAX_JPEG_SCAN_PIXELS = MAX_JPEG_SCANS * MAX_PIXELS;
/** Of a PNG, where they may be compressed: they inflate to 0.5 GB together, which takes a tenth of a second. */
export const MAX_PNG_TEXTS = 64;
/** On a core, for one task. */
export const DECODE_TIMEOUT_MS = 20_000;
/** Resident bytes of a decode process; 20,000 mutated files stayed below 973 MB. */
export const DECODE_MEMORY = 1024 ** 3;
/** A thumbnail fits a square of this side. */
export const THUMBNAIL_SIDE = 256;
/** A picture to be looked at fits a square of this side; a larger image gets a copy that does. */
export const RESIZED_SIDE = 1024;
/** A picture under an activation map fits a square of this side. */
export const OVERLAY_MAX_SIDE = 1024;
/**
 * Augmented pictures are made from a copy that fits a square of this side: four times what networks commonly look at,
 * and enough to judge a sample by eye. Below 8,192, see `warp`.
 */
export const AUGMENTED_MAX_SIDE = 1024;
/** Of pixels that are mapped to 8 bits before anything else is done: no result is larger than this, or is then enlarged. */
export const WORKING_SIDE = 1024;
