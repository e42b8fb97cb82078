import type { S3Client } from '@aws-sdk/client-s3';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createTemporaryDirectory } from '@pentaprism/local';
import { installMinistack } from './ministack.js';
import { eventually } from './eventually.js';
import { freeTestPort } from './free-port.js';

/** An S3 server that really is one, for tests. */
export interface S3Server {
  /** Origin. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The `AWS_*` variables that lead to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** With the rights of the owner of the buckets. */
  readonly client: S3Client;
  /** Gives them to the AWS SDK in this process, which reads them from the environment. */
  useCredentials(): void;
  /** Makes a bucket of its own for the caller, and returns its name. */
  createBucket(): Promise<string>;
  /** The names of the first 1,000 objects of a bucket. */
  objects(bucket: string): Promise<string[]>;
  stop(): Promise<void>;
}

const START_MS = 20_000;
/** Times that a server is started which finds its port taken meanwhile. */
const STARTS = 3;

/**
 * The server of the environment (`S3_TEST_ENDPOINT`, `S3_TEST_ACCESS_KEY_ID`, `S3_TEST_SECRET_ACCESS_KEY`: the suites
 * can be run against any), otherwise one of this suite's own.
 * @returns null, after a line that says so, where none can be installed; an error where `CI` says that all tests count
 */
export async function startS3Server(): Promise<S3Server | null> {
  const { S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY_ID = 'test', S3_TEST_SECRET_ACCESS_KEY = 'test' } = process.env;
  if (S3_TEST_ENDPOINT) return serverAt(S3_TEST_ENDPOINT, S3_TEST_ACCESS_KEY_ID, S3_TEST_SECRET_ACCESS_KEY);
  let packages: string;
  try {
    packages = await installMinistack();
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.warn(`The tests of S3 are skipped: ${(error as Error).message}`);
    return null;
  }
  for (let start = 1; ; start += 1) {
    try {
      return await startMinistack(packages);
    } catch (error) {
      if (start === STARTS) throw error;
    }
  }
}

async function startMinistack(packages: string): Promise<S3Server> {
  const port = await freeTestPort();
  const directory = createTemporaryDirectory();
  mkdirSync(directory.path);
  const child = spawn('python3', ['-m', 'ministack'], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      PYTHONPATH: packages,
      PYTHONDONTWRITEBYTECODE: '1',
      // Its default is every interface, and several other services.
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      SERVICES: 's3',
      IOT_MTLS_ENABLED: 'false',
      SFTP_ENABLED: 'false',
      LOG_LEVEL: 'ERROR',
      TMPDIR: directory.path,
      HOME: directory.path,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
  });
  const server = await serverAt(`http://127.0.0.1:${port}`, 'test', 'test', async () => {
    await end(child);
    directory.remove();
  });
  try {
    await eventually(
      async () => {
        if (child.exitCode !== null) return;
        await server.client.send(new (await sdk()).ListBucketsCommand({}));
      },
      { timeoutMs: START_MS, everyMs: 50 },
    );
    if (child.exitCode !== null) throw new Error(`ministack ended with code ${child.exitCode}`);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Loaded only by suites that need it, since it takes a quarter of a second. */
const sdk = () => import('@aws-sdk/client-s3');

async function serverAt(
  endpoint: string,
  accessKeyId: string,
  secretAccessKey: string,
  stop: () => Promise<void> = async () => undefined,
): Promise<S3Server> {
  const { CreateBucketCommand, ListObjectsV2Command, S3Client } = await sdk();
  const region = 'us-east-1';
  const client = new S3Client({
    ...{ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true, maxAttempts: 1 },
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });
  return {
    ...{ endpoint, accessKeyId, secretAccessKey, client },
    environment: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    useCredentials: () => {
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
    },
    createBucket: async () => {
      const Bucket = `pentaprism-test-${randomBytes(6).toString('hex')}`;
      await client.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    objects: async (Bucket) => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      return Contents.map(({ Key = '' }) => Key);
    },
    stop: async () => {
      client.destroy();
      await stop();
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  // It keeps nothing that is worth a clean stop.
  child.kill('SIGKILL');
  await ended;
}
