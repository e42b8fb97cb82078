import type { Metadata } from 'sharp';

/** What is said of an image besides its size, in sharp's words. */
export type ImageMetadata = Pick<
  Metadata,
  'autoOrient' | 'orientation' | 'space' | 'channels' | 'depth' | 'bitsPerSample' | 'hasAlpha'
>;
