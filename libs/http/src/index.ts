/**
 * What dialects share of HTTP, and nothing else: how a dialect describes itself to the gateway, who makes a request,
 * limits of bodies, parsing of queries, and ports through which a dialect reaches bytes, signed URLs and waiting.
 */
export * from './base64.js';
export * from './body-memory.js';
export * from './contents.js';
export * from './dialect.js';
export * from './digests.js';
export * from './disposition.js';
export * from './errors.js';
export * from './expectation.js';
export * from './given-up.js';
export * from './json-body.js';
export * from './json-reader.js';
export * from './multipart.js';
export * from './origin.js';
export * from './paging.js';
export * from './principal.js';
export * from './query.js';
export * from './read-body.js';
export * from './serialized.js';
export * from './small-chunks.js';
export * from './upload-limits.js';
export * from './utf8.js';
export * from './validation.js';
export * from './vary.js';
