import { createTemporaryDirectory, removeAbandonedDirectories, startServers } from '../deploy/local/dist/index.js';

/**
 * Starts MongoDB, NATS and Valkey once for the whole run, on free ports and with a temporary data directory. Several
 * jest projects list this file: the first call starts, the last teardown stops (see servers.teardown.mjs). The
 * environment's own servers are left alone on purpose.
 */
export default async function setup() {
  const run = (globalThis.__pentaprismServers ??= { users: 0, started: undefined });
  run.users += 1;
  run.started ??= start();
  const { servers } = await run.started;
  process.env.TEST_MONGODB_URI = servers.mongodbUri;
  process.env.TEST_NATS_URL = servers.natsUrl;
  process.env.TEST_REDIS_URL = servers.redisUrl;
}

async function start() {
  await removeAbandonedDirectories();
  const directory = createTemporaryDirectory();
  const observer = {
    part: (name, state, detail) => {
      if (state === 'fetching' && detail.startsWith('unpacking')) console.log(`${name}: ${detail}`);
      if (state === 'restarting') console.log(`${name}: ${state}, ${detail}`);
    },
    note: (text) => console.log(text),
  };
  try {
    const servers = await startServers({ dataDirectory: directory.path, observer });
    // jest ends at once on these, without its teardown.
    const end = () => {
      servers.kill();
      directory.remove();
    };
    process.once('exit', end);
    for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
      process.once(signal, () => process.exit(128 + number));
    }
    return { servers, directory };
  } catch (error) {
    directory.remove();
    // The message is a sentence that says what to do; a stack would bury it.
    if (error?.name === 'LauncherError') error.stack = error.message;
    throw error;
  }
}
