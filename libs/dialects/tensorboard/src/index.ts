/**
 * The image plugin of TensorBoard 2.21 below `/data`, for its unchanged web frontend; what is served and how is in
 * `http_api.md` beside this library.
 */
export { WebFiles } from './page/web-files.js';
export { tensorboardDialect } from './tensorboard.dialect.js';
