import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { ServerUrls } from '@pentaprism/local';
import { createLogger, type Logger } from '@pentaprism/observability';
import mongoose from 'mongoose';
import { randomBytes } from 'node:crypto';

/** What one suite has to itself on the servers of the run. */
export interface TestScope extends ServerUrls {
  /** Ends in a dot. */
  readonly subjectPrefix: string;
  readonly queuePrefix: string;
  /** Silent unless TEST_LOG_LEVEL says otherwise. */
  readonly logger: Logger;
  /** The same as the environment variables that the apps read. */
  readonly environment: Readonly<Record<string, string>>;
  /** Drops the suite's database and streams. */
  cleanUp(): Promise<void>;
}

/** @throws Error when no servers run: jest's global setup starts them for every project but `unit` */
export function sharedServers(): ServerUrls {
  const { TEST_MONGODB_URI: mongodbUri, TEST_NATS_URL: natsUrl, TEST_REDIS_URL: redisUrl } = process.env;
  if (!mongodbUri || !natsUrl || !redisUrl) throw new Error('No test servers: is the file an *.integration.spec.ts?');
  return { mongodbUri, natsUrl, redisUrl };
}

/**
 * @param name of the suite, for people who look into a server: letters, digits and hyphens
 * @param servers other servers than those of the run
 */
export function testScope(name: string, servers: ServerUrls = sharedServers()): TestScope {
  const unique = `test_${name}_${randomBytes(4).toString('hex')}`;
  const database = new URL(servers.mongodbUri);
  database.pathname = `/${unique}`;
  const mongodbUri = database.href;
  const subjectPrefix = `${unique}.`;
  const level = process.env.TEST_LOG_LEVEL ?? 'silent';
  return {
    ...servers,
    mongodbUri,
    subjectPrefix,
    queuePrefix: unique,
    logger: createLogger(unique, level),
    environment: {
      MONGODB_URI: mongodbUri,
      NATS_URL: servers.natsUrl,
      REDIS_URL: servers.redisUrl,
      SUBJECT_PREFIX: subjectPrefix,
      QUEUE_PREFIX: unique,
      LOG_LEVEL: level,
    },
    cleanUp: async () => {
      await Promise.all([dropDatabase(mongodbUri), deleteStreams(servers.natsUrl, unique)]);
    },
  };
}

async function dropDatabase(uri: string): Promise<void> {
  const connection = await mongoose.createConnection(uri).asPromise();
  await connection.dropDatabase();
  await connection.close();
}

async function deleteStreams(url: string, prefix: string): Promise<void> {
  const { host, username: user, password: pass } = new URL(url);
  const nats = await connect({ servers: host, user, pass });
  const { streams } = await jetstreamManager(nats);
  for await (const { config } of streams.list()) {
    if (config.name.startsWith(prefix)) await streams.delete(config.name);
  }
  await nats.close();
}
