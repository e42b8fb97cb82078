/**
 * Every NATS subject, fact and job, defined once: name, owner, zod schemas, error codes. Services implement what they
 * own, callers call it through the bus, and both sides parse with the schemas of this library.
 */
export * from './augmentation/lists.js';
export * from './augmentation/samples.js';
export * from './catalog/contents.js';
export * from './catalog/directory.js';
export * from './catalog/images.js';
export * from './catalog/keys.js';
export * from './catalog/projects.js';
export * from './catalog/radiographs.js';
export * from './catalog/training.js';
export * from './insights/embeddings.js';
export * from './insights/image-insights.js';
export * from './insights/insight-lines.js';
export * from './insights/similar-images.js';
export * from './tagging/tags.js';
export * from './training-ingest/candidates.js';
export * from './training-ingest/table-predictions.js';
export * from './training-ingest/datasets.js';
export * from './training-ingest/event-logs.js';
export * from './training-ingest/pushed-logs.js';
export * from './training-ingest/images.js';
export * from './training-ingest/modelings.js';
export * from './training-ingest/models.js';
export * from './training-ingest/predictions.js';
export * from './training-ingest/radiographs.js';
export * from './training-ingest/sessions.js';
export * from './training-ingest/targets.js';
export * from './training-ingest/url.js';
export * from './worker/inference.js';
export * from './define.js';
export * from './registry.js';
export * from './schemas.js';
export * from './system.js';
export * from './access.js';
export * from './permissions.js';
export * from './subjects.js';
