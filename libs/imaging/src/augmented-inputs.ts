import { decodeForVariants, variantsOf, type VariantOptions } from './augmented-variants.js';
import { sharp } from './configured-sharp.js';
import { AUGMENTED_MAX_SIDE } from './limits.js';
import { checkInputSize, squeezed, type ModelInputOptions } from './model-input.js';
import { rawInput } from './raw-image.js';

export interface AugmentedInputOptions extends VariantOptions, ModelInputOptions {}

/**
 * Makes new pictures from one decoding of the image, each as `createModelInput` would give it: height × width × 3, in the
 * order of the seeds. What it does with an image is what `augmentImages` does, but nothing is encoded in between.
 *
 * The same image, options and seed give the same pixels, with the reservation of `augmentImages`.
 *
 * @throws DomainError UNDECODABLE_IMAGE with a sentence for users and `details.reason`
 * @throws RangeError for sizes that cannot be asked for
 */
export async function createAugmentedInputs(bytes: Uint8Array, options: AugmentedInputOptions): Promise<Uint8Array[]> {
  checkInputSize(options);
  const original = await decodeForVariants(bytes, (size) => workingSide(size, options));
  const inputs: Uint8Array[] = [];
  for await (const { image } of variantsOf(original, options))
    inputs.push(await squeezed(sharp(image.data, rawInput(image)), options));
  return inputs;
}

/**
 * Pixels of the longer side while transformations are applied: twice the network's, so that what they interpolate is reduced
 * once more before the network sees it. For a network of 224 pixels that is a fifth of the pixels, and about of the time, of
 * `AUGMENTED_MAX_SIDE`, which is for eyes. Of a picture that is more than twice as long as wide, as many as leave the
 * shorter side no smaller than the network's, as far as that bound allows.
 */
function workingSide(size: ModelInputOptions, input: ModelInputOptions): number {
  const side = Math.max(input.width, input.height);
  const aspect = Math.max(size.width, size.height) / Math.min(size.width, size.height);
  return Math.min(AUGMENTED_MAX_SIDE, Math.ceil(side * Math.max(2, aspect)));
}
