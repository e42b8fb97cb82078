/** Positions of embeddings in the plane, for pictures of what a model sees. */
export { project2d, PROJECTION_VERSION, type ProjectionOptions } from './project2d.js';
export { trustworthiness } from './trustworthiness.js';
