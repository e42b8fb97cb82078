/** Tagged Image Manager v1.0.0 below `/v1`; what is served and how is in `http_api.md` beside this library. */
export { taggedImagesDialect } from './tagged-images.dialect.js';
export { MAX_LIMIT, UPLOAD_BODY_LIMIT } from './wire.js';
