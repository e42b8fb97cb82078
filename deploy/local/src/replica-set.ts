import { setTimeout as sleep } from 'node:timers/promises';
import type { mongo } from 'mongoose';

const NAME = 'rs0';
const LOOK_EVERY_MS = 25;
/** Server error codes, from MongoDB's error_codes.yml. */
const NOT_YET_INITIALIZED = 94;
const USER_NOT_FOUND = 11;

const USER = 'pentaprism';
const DATABASE = 'pentaprism';

interface ReplicaSetConfig {
  readonly version: number;
  readonly members: readonly { readonly host: string }[];
}

export interface MongodSetup {
  /** `address:port`. */
  readonly host: string;
  /** Content of the key file, with which the launcher signs in as `__system`: no user has to exist for that. */
  readonly key: string;
  /** Password of the user `pentaprism`. */
  readonly password: string;
  /** Databases that this user may use: its own, or, for tests, any. */
  readonly databases: 'own' | 'any';
}

/**
 * Makes the mongod at this address the primary of a replica set of one, since transactions need a replica set:
 * initiates it the first time, and moves it to the present port where the stored configuration names another. Then sets
 * the user and its password, also in data of a time before there was a password.
 * Resolves when the node is primary; goes on trying until the signal is aborted. After a move, mongod asks the stored
 * address whether that is itself: another server there that accepts connections and stays silent costs 30 s, once.
 */
export async function setUpMongod(setup: MongodSetup, signal: AbortSignal): Promise<void> {
  const { host } = setup;
  const { default: mongoose } = await import('mongoose');
  const client = new mongoose.mongo.MongoClient(`mongodb://${host}/?directConnection=true`, {
    auth: { username: '__system', password: setup.key },
    authSource: 'local',
    authMechanism: 'SCRAM-SHA-256',
    serverSelectionTimeoutMS: 30_000,
    heartbeatFrequencyMS: 500,
    maxPoolSize: 1,
  });
  try {
    await untilReachable(client, signal);
    while (!(await isPrimary(client, host))) {
      signal.throwIfAborted();
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
    await setUser(client, setup);
  } finally {
    await client.close();
  }
}

async function untilReachable(client: mongo.MongoClient, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  await Promise.race([client.connect(), aborted]);
}

async function setUser(client: mongo.MongoClient, { password, databases }: MongodSetup): Promise<void> {
  const roles =
    databases === 'own'
      ? [{ role: 'readWrite', db: DATABASE }]
      : ['readWriteAnyDatabase', 'dbAdminAnyDatabase', 'clusterMonitor'];
  const user = { pwd: password, roles };
  const admin = client.db('admin');
  try {
    await admin.command({ updateUser: USER, ...user });
  } catch (error) {
    if ((error as { code?: unknown }).code !== USER_NOT_FOUND) throw error;
    await admin.command({ createUser: USER, ...user });
  }
}

/** Looks once, and takes the step that is missing. Failures are those of a node that changes its state: look again. */
async function isPrimary(client: mongo.MongoClient, host: string): Promise<boolean> {
  const admin = client.db('admin');
  try {
    const hello = await admin.command({ hello: 1 });
    if (hello['isWritablePrimary'] === true && hello['me'] === host) return true;
    const { config } = (await admin.command({ replSetGetConfig: 1 })) as unknown as { config: ReplicaSetConfig };
    if (config.members[0]?.host !== host) {
      const moved = { ...config, version: config.version + 1, members: [{ ...config.members[0], host }] };
      await admin.command({ replSetReconfig: moved, force: true });
    }
  } catch (error) {
    if ((error as { code?: unknown }).code === NOT_YET_INITIALIZED) {
      await admin.command({ replSetInitiate: { _id: NAME, members: [{ _id: 0, host }] } }).catch(() => undefined);
    }
  }
  return false;
}
