import type { AppliedTransformation } from '@pentaprism/domain';
import { decodeForVariants, variantsOf, type VariantOptions } from './augmented-variants.js';
import { sharp } from './configured-sharp.js';
import { AUGMENTED_MAX_SIDE } from './limits.js';
import { rawInput, type RawImage } from './raw-image.js';

export type AugmentOptions = VariantOptions;

export interface AugmentedImage {
  readonly seed: string;
  /** What happened to it; empty where chance left it as it was. */
  readonly applied: readonly AppliedTransformation[];
  readonly bytes: Buffer;
  /** JPEG, or PNG where the original is transparent somewhere. */
  readonly mediaType: 'image/jpeg' | 'image/png';
  readonly width: number;
  readonly height: number;
}

/**
 * Makes one new picture per seed from one decoding of the image, all of its size (reduced to fit `AUGMENTED_MAX_SIDE`).
 *
 * The same image, options and seed give the same bytes, on any worker of one release and processor architecture: libvips'
 * vector code may round differently on another.
 *
 * @throws DomainError UNDECODABLE_IMAGE with a sentence for users and `details.reason`
 */
export async function augmentImages(bytes: Uint8Array, options: AugmentOptions): Promise<AugmentedImage[]> {
  const original = await decodeForVariants(bytes, () => AUGMENTED_MAX_SIDE);
  const images: AugmentedImage[] = [];
  for await (const { image, ...made } of variantsOf(original, options))
    images.push({ ...made, ...(await encode(image)) });
  return images;
}

/** Every option that decides about the bytes is named, so that a new default of sharp's cannot change them. */
async function encode(image: RawImage): Promise<Pick<AugmentedImage, 'bytes' | 'mediaType' | 'width' | 'height'>> {
  const pixels = sharp(image.data, rawInput(image));
  const { width, height } = image;
  if (image.channels === 4) {
    const png = pixels.png({ compressionLevel: 6, adaptiveFiltering: false, palette: false, progressive: false });
    return { bytes: await png.toBuffer(), mediaType: 'image/png', width, height };
  }
  const jpeg = pixels.jpeg({
    quality: 90,
    chromaSubsampling: '4:4:4',
    progressive: false,
    // Huffman tables of its own would make a file 5 to 10 % smaller, in more than twice the time.
    optimiseCoding: false,
    mozjpeg: false,
  });
  return { bytes: await jpeg.toBuffer(), mediaType: 'image/jpeg', width, height };
}
