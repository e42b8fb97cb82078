import type { Metadata } from 'sharp';
import type { colorProfileOf } from './color-profile.js';

/** What is said of an image besides its size, in sharp's words. */
export type ImageMetadata = Pick<
  Metadata,
  'autoOrient' | 'orientation' | 'space' | 'channels' | 'depth' | 'bitsPerSample' | 'hasAlpha'
> & { readonly profile: ReturnType<typeof colorProfileOf> };
