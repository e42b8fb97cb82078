/**
 * Custom Vision below `/customvision`: the Training API v1.2 and what belongs to it, and the paths that the SDKs of v3.x
 * call. What is served and how is in `http_api.md` beside this library.
 */
export { customVisionDialect } from './custom-vision.dialect.js';
