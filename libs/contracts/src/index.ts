/**
 * Every NATS subject, fact and job, defined once: name, owner, zod schemas, error codes. Services implement what they
 * own, callers call it through the bus, and both sides parse with the schemas of this library.
 */
export * from './augmentation.contracts.js';
export * from './catalog.contracts.js';
export * from './define.js';
export * from './insights.contracts.js';
export * from './models.contracts.js';
export * from './prediction.contracts.js';
export * from './project.contracts.js';
export * from './registry.js';
export * from './schemas.js';
export * from './system.contracts.js';
export * from './tagging.contracts.js';
export * from './training-image.contracts.js';
export * from './training-ingest.contracts.js';
export * from './worker.contracts.js';
export * from './access.js';
export * from './permissions.js';
export * from './subjects.js';
