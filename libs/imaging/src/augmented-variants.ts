import { createRandom, drawPlan, type AppliedTransformation, type ResolvedTransformation } from '@pentaprism/domain';
import { readImageHeader } from './image-header.js';
import { decodeWithin, withoutFullAlpha, type RawImage } from './raw-image.js';
import { applyPlan } from './transformations/index.js';

export interface VariantOptions {
  readonly transformations: readonly ResolvedTransformation[];
  /** From 0 to 1, see `drawPlan`. */
  readonly probability: number;
  /** One new picture for each. */
  readonly seeds: readonly string[];
}

export interface Variant {
  readonly seed: string;
  readonly applied: readonly AppliedTransformation[];
  /** Of the original's size. */
  readonly image: RawImage;
}

/**
 * Decodes a picture once, for any number of variants.
 *
 * @param maxSide the square that it is reduced to fit, from its upright size
 * @throws DomainError UNDECODABLE_IMAGE with a sentence for users and `details.reason`
 */
export async function decodeForVariants(
  bytes: Uint8Array,
  maxSide: (size: { readonly width: number; readonly height: number }) => number,
): Promise<RawImage> {
  const header = await readImageHeader(bytes);
  // A full alpha channel would turn photos into PNG files of ten times their size, and the black that transformations add into
  // transparency.
  return withoutFullAlpha(await decodeWithin(bytes, header, maxSide(header.metadata.autoOrient)));
}

/** One after another, so that the pixels of one are in memory at a time. None depends on those before it. */
export async function* variantsOf(original: RawImage, options: VariantOptions): AsyncGenerator<Variant> {
  for (const seed of options.seeds) {
    const applied = drawPlan(options.transformations, options.probability, createRandom(seed));
    yield { seed, applied, image: await applyPlan(original, applied) };
  }
}
