import { fileURLToPath } from 'node:url';

/** EfficientNet-Lite0, see models/README.md. The path is the same from `src` and from `dist`. */
export const DEFAULT_BACKBONE_PATH = backbonePath();

/**
 * Where the default model's file is.
 *
 * @param models the folder with the package's models, for programs that are bundled and no longer lie beside it
 */
export function backbonePath(models: URL = new URL('../models/', import.meta.url)): string {
  return fileURLToPath(new URL('efficientnet-lite0.onnx', models));
}
