/**
 * The one-machine launcher: runs the real servers and the apps as child processes.
 * `npm start` goes through `main.ts`; tests and benches use `startServers` and `startStack`.
 */
export { LauncherError } from './launcher-error.js';
export type { Observer, ServerUrls, StepState } from './instance.js';
export type { Part, PartState } from './part.js';
export type { ServerName } from './server-definitions.js';
export { startServers, type RunningServers, type StartServersOptions } from './start-servers.js';
export { APPS, startStack, type AppDefinition, type RunningStack, type StartStackOptions } from './start-stack.js';

export {
  CLEAN_SETTINGS,
  createTemporaryDirectory,
  removeAbandonedDirectories,
  type TemporaryDirectory,
} from './temporary-directories.js';
export { fetchWebFiles, webFilesPath } from './web-files.js';
