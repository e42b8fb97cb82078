import { existsSync } from 'node:fs';
import path from 'node:path';
import type { DownloadContext } from './binary-search.js';
import { binaryCaches, writableOf } from './server-binary.js';
import type { WheelDefinition } from './server-definitions.js';
import { downloadFromWheel } from './wheel-download.js';

/** TensorBoard's frontend. The gateway was tried with this version; see its page below `/tensorboard/`. */
const WEB_FILES: WheelDefinition = {
  package: 'tensorboard',
  version: '2.21.0',
  file: 'webfiles.zip',
  sha256: { any: '7279316dcb6bd5bc391d623dea841531299cde1887310e8133bc34a996d32255' },
};

/**
 * Returns the path of TensorBoard's frontend: in the first cache that has it, else where `fetchWebFiles` puts it.
 * @param env names the cache of the user
 */
export function webFilesPath(env: NodeJS.ProcessEnv, dataDirectory: string): string {
  const keptIn = binaryCaches(env, dataDirectory);
  const kept = keptIn.map(pathIn).find((file) => existsSync(file));
  return kept ?? pathIn(writableOf(keptIn));
}

/**
 * Fetches TensorBoard's frontend, unless it is there.
 * @throws LauncherError with one sentence that says what to do
 */
export async function fetchWebFiles(target: string, context: DownloadContext): Promise<void> {
  if (existsSync(target)) return;
  const otherWays =
    'set TENSORBOARD_WEBFILES to the webfiles.zip of the Python package tensorboard (docs/operations.md)';
  await downloadFromWheel({ name: 'tensorboard', wheel: WEB_FILES, otherWays }, target, context);
}

/** Named by the version: an upgrade fetches its own. */
function pathIn(directory: string): string {
  return path.join(directory, 'any', `${WEB_FILES.package}-${WEB_FILES.version}`, WEB_FILES.file);
}
