export { checkGrayscalePng } from './check-grayscale-png.js';
export type { GrayscalePngLimits } from './png-header.js';
export type { PngRefusalReason } from './refusal.js';
export { checkRadiograph } from './check-radiograph.js';
