import { natsAuthorization, type BusUser } from '@pentaprism/contracts';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writePrivate, type DataDirectory } from './data-directory.js';
import type { PartSpec } from './part.js';
import { setUpMongod } from './replica-set.js';
import type { ServerName } from './server-definitions.js';
import { NATS_OPERATOR, type ServerSecrets } from './server-secrets.js';

const LOOPBACK = '127.0.0.1';
const PROBE_EVERY_MS = 25;
const PROBE_TIMEOUT_MS = 2000;

/**
 * The default is three quarters of what is free at the start: a server that was started on a full disk would refuse all
 * messages until it is started again.
 */
const NATS_STORE = 'max_file_store: 8GB';

export interface ServerLocation {
  readonly binary: string;
  readonly port: number;
  readonly directory: DataDirectory;
  readonly env: NodeJS.ProcessEnv;
  readonly secrets: ServerSecrets;
  /** Databases that the user of MongoDB may use: the one of the product, or, for tests, any. */
  readonly databases: 'own' | 'any';
  /** `SUBJECT_PREFIX` of the apps; `*.` stands for any. */
  readonly subjectPrefix: string;
}

/**
 * Returns how to start an embedded server. All servers listen on loopback only and require a password, because other users
 * of the machine can connect too. Secrets are passed in files, because all users can read command lines.
 */
export function serverPart(name: ServerName, location: ServerLocation): PartSpec {
  const builders = { mongod: mongodPart, 'nats-server': natsPart, 'valkey-server': valkeyPart };
  return builders[name](location);
}

/**
 * Returns the URL of a server, with its password. The URL of NATS has none, because each app has its own user, unless there
 * is an operator.
 */
export function serverUrl(name: ServerName, port: number, secrets: ServerSecrets): string {
  const { natsOperator } = secrets;
  const urls: Record<ServerName, string> = {
    mongod: `mongodb://pentaprism:${secrets.mongodb}@${LOOPBACK}:${port}/pentaprism?directConnection=true&authSource=admin`,
    'nats-server': `nats://${natsOperator ? `${NATS_OPERATOR}:${natsOperator}@` : ''}${LOOPBACK}:${port}`,
    'valkey-server': `redis://:${secrets.valkey}@${LOOPBACK}:${port}`,
  };
  return urls[name];
}

export function natsUrl(user: BusUser, port: number, secrets: ServerSecrets): string {
  return `nats://${user}:${secrets.nats[user]}@${LOOPBACK}:${port}`;
}

function mongodPart({ binary, port, directory, env, secrets, databases }: ServerLocation): PartSpec {
  return {
    name: 'mongod',
    command: binary,
    args: [
      ...['--dbpath', directory.serverData('mongodb'), '--bind_ip', LOOPBACK, '--port', String(port)],
      ...['--replSet', 'rs0', '--quiet', '--nounixsocket'],
      ...['--keyFile', secrets.mongodbKeyFile],
      // Otherwise any local process that connects before there is a user may create one.
      ...['--setParameter', 'enableLocalhostAuthBypass=false'],
      // The default takes half of the machine's memory for the cache, and 5 % of the free disk for the oplog.
      ...['--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '512'],
      // CVE-2025-14847 is in the zlib compressor, which version 6.0.5 has.
      ...['--networkMessageCompressors', 'disabled'],
      // A primary without secondaries would wait 15 s for one of them before it stops.
      ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
      // Diagnostic files for the vendor's support, up to 200 MB.
      ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
      // A transaction of an app that was killed locks its documents for so long. No call waits for more than five seconds.
      ...['--setParameter', 'transactionLifetimeLimitSeconds=10'],
    ],
    env,
    detail: `${LOOPBACK}:${port}`,
    ready: (signal) =>
      setUpMongod(
        { host: `${LOOPBACK}:${port}`, key: secrets.mongodbKey, password: secrets.mongodb, databases },
        signal,
      ),
  };
}

function natsPart({ binary, port, directory, env, secrets, subjectPrefix: prefix }: ServerLocation): PartSpec {
  const config = path.join(directory.root, 'nats-server.conf');
  const { natsOperator } = secrets;
  const more = natsOperator ? [`{ user: ${NATS_OPERATOR}, password: ${JSON.stringify(natsOperator)} }`] : [];
  // Facts that were acknowledged must survive a power cut: the default flushes every two minutes.
  const lines = [
    'server_name: pentaprism',
    `listen: "${LOOPBACK}:${port}"`,
    `jetstream { store_dir: ${JSON.stringify(directory.serverData('nats'))}, sync_interval: always, ${NATS_STORE} }`,
    natsAuthorization((user) => JSON.stringify(secrets.nats[user]), { prefix, more }),
  ];
  writePrivate(config, lines.join('\n'));
  return {
    name: 'nats-server',
    command: binary,
    args: ['--config', config],
    env,
    detail: `${LOOPBACK}:${port}`,
    ready: (signal) => probe(port, '', /^INFO /, signal),
  };
}

function valkeyPart({ binary, port, directory, env, secrets }: ServerLocation): PartSpec {
  const config = path.join(directory.root, 'valkey-server.conf');
  writePrivate(config, `requirepass ${secrets.valkey}`);
  return {
    name: 'valkey-server',
    command: binary,
    args: [
      config,
      ...['--bind', LOOPBACK, '--port', String(port), '--dir', directory.serverData('valkey')],
      ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
      ...['--maxmemory-policy', 'noeviction', '--daemonize', 'no', '--logfile', ''],
    ],
    env,
    detail: `${LOOPBACK}:${port}`,
    // Answers -LOADING while it reads the append-only file.
    ready: (signal) => probe(port, `AUTH ${secrets.valkey}\r\nPING\r\n`, /^\+OK\r\n\+PONG/, signal),
  };
}

/** Connects, sends, and reads the beginning of the answer, again and again until it is right. */
async function probe(port: number, question: string, right: RegExp, signal: AbortSignal): Promise<void> {
  while (!right.test(await ask(port, question, right))) {
    signal.throwIfAborted();
    await sleep(PROBE_EVERY_MS, undefined, { signal });
  }
}

/** Whether the NATS server at this address, HOST:PORT, serves its streams. */
export async function hasJetStream(address: string): Promise<boolean> {
  const answer = await ask(Number(address.split(':').at(-1)), '', /^INFO /);
  return !answer.startsWith('INFO ') || /"jetstream":\s*true/.test(answer);
}

/** @returns the answer up to where it is right, or what had come when an error or the time limit ended it */
function ask(port: number, question: string, right: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: LOOPBACK, port });
    const finish = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, finish);
    socket.once('connect', () => socket.write(question));
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      if (right.test(answer) || /^-|\n-/.test(answer)) finish();
    });
    socket.once('error', finish);
    socket.once('close', finish);
  });
}
