import { createRandom, drawPlan, type AppliedTransformation, type ResolvedTransformation } from '@pentaprism/domain';
import { sharp } from './configured-sharp.js';
import { readImageHeader } from './image-header.js';
import { AUGMENTED_MAX_SIDE } from './limits.js';
import { decodeWithin, rawInput, type RawImage } from './raw-image.js';
import { applyPlan } from './transformations/index.js';

export interface AugmentOptions {
  readonly transformations: readonly ResolvedTransformation[];
  /** From 0 to 1, see `drawPlan`. */
  readonly probability: number;
  /** One new picture for each. */
  readonly seeds: readonly string[];
}

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
  await readImageHeader(bytes);
  const original = withoutFullAlpha(await decodeWithin(bytes, AUGMENTED_MAX_SIDE));
  const images: AugmentedImage[] = [];
  for (const seed of options.seeds) {
    const applied = drawPlan(options.transformations, options.probability, createRandom(seed));
    images.push({ seed, applied, ...(await encode(await applyPlan(original, applied))) });
  }
  return images;
}

/** An alpha channel that is opaque everywhere would only turn photos into PNG files of ten times their size. */
function withoutFullAlpha(image: RawImage): RawImage {
  const source = image.data;
  if (image.channels === 3) return image;
  for (let i = 3; i < source.length; i += 4) if (source[i] !== 255) return image;
  const data = new Uint8Array((source.length / 4) * 3);
  for (let from = 0, to = 0; from < source.length; from += 4, to += 3) {
    data[to] = source[from] as number;
    data[to + 1] = source[from + 1] as number;
    data[to + 2] = source[from + 2] as number;
  }
  return { ...image, data, channels: 3 };
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
