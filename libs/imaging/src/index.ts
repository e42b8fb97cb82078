/** Pixels: everything that decodes, measures or changes an image. The one library that uses sharp. */
export { analyseImage, type DerivedPicture, type ImageAnalysis } from './analyse-image.js';
export { augmentImages, type AugmentedImage, type AugmentOptions } from './augment-image.js';
export type { VariantOptions } from './augmented-variants.js';
export { createAugmentedInputs, type AugmentedInputOptions } from './augmented-inputs.js';
export { IMAGE_FORMATS, type ImageFormat } from './image-header.js';
export * from './limits.js';
export { createModelInput, MAX_MODEL_INPUT_SIDE, type ModelInput, type ModelInputOptions } from './model-input.js';
export { renderOverlay, type Overlay, type OverlayMap } from './render-overlay.js';
export { renderRadiograph, type RenderedRadiograph } from './render-radiograph.js';
export type { UndecodableReason } from './undecodable.js';
export { createDecodePool, type DecodePool, type DecodePoolOptions } from './decode-pool.js';
export type { ImageSource } from './decode-protocol.js';
