import path from 'node:path';
import {
  CLEAN_SETTINGS,
  createTemporaryDirectory,
  removeAbandonedDirectories,
  startStack,
} from '../deploy/local/dist/index.js';

/**
 * Starts the whole system once for the end-to-end suites: its own servers and all apps as processes, on free ports.
 * Suites share it, so they make workspaces of their own (`POST /keys`) where totals matter.
 */
export default async function setup() {
  await removeAbandonedDirectories();
  const directory = createTemporaryDirectory();
  // The suites serve images themselves.
  const env = {
    ...CLEAN_SETTINGS,
    URL_IMPORT_ALLOW: '127.0.0.1',
    // A suite writes it.
    TENSORBOARD_LOGDIR: path.join(directory.path, 'event-logs'),
    TENSORBOARD_RELOAD_INTERVAL: '1',
  };
  try {
    const stack = await startStack({ dataDirectory: directory.path, port: 0, env });
    const end = () => {
      stack.kill();
      directory.remove();
    };
    process.once('exit', end);
    globalThis.__pentaprismStack = { stack, directory, end };
    process.env.E2E_URL = stack.url;
    process.env.E2E_OWNER_KEY = stack.ownerKey;
    process.env.E2E_DATA = directory.path;
  } catch (error) {
    directory.remove();
    if (error?.name === 'LauncherError') error.stack = error.message;
    throw error;
  }
}
