import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import type { S3Server } from '@pentaprism/testing';
import { readdir, readlink } from 'node:fs/promises';
import type { BlobKey } from '../blob-key.js';
import type { OnDamage } from '../integrity.js';
import { S3BlobStore } from './s3-blob-store.js';
import { S3Keys } from './s3-keys.js';
import { putAtMetadata, S3Requests } from './s3-requests.js';

/** What a test does before a request goes out: it may wait, throw, or let others go first. */
export type RequestHook = (command: string, name: string) => unknown;

export interface OpenOptions {
  readonly hook?: RequestHook;
  readonly endpoint?: string;
  readonly publicUrl?: string;
  readonly onDamage?: OnDamage;
}

/** A prefix of its own on a real server, with a look behind the store. */
export class S3Place {
  readonly prefix = 'some/prefix/';
  readonly keys = new S3Keys(this.prefix);
  readonly requests: S3Requests;
  readonly #stores: S3BlobStore[] = [];

  private constructor(
    readonly server: S3Server,
    readonly bucket: string,
  ) {
    this.requests = new S3Requests(server.client, bucket);
  }

  static async make(server: S3Server): Promise<S3Place> {
    server.useCredentials();
    return new S3Place(server, await server.createBucket());
  }

  get url(): string {
    return `s3://${this.bucket}/some/prefix`;
  }

  async open({ hook, endpoint = this.server.endpoint, publicUrl, onDamage }: OpenOptions = {}): Promise<S3BlobStore> {
    const onClient = (client: S3Client) => {
      if (hook) addHook(client, hook);
    };
    const store = await S3BlobStore.open(this.url, {
      s3: { endpoint, publicUrl },
      onClient,
      ...(onDamage ? { onDamage } : {}),
    });
    this.#stores.push(store);
    return store;
  }

  names(): Promise<string[]> {
    return this.requests.listNames('');
  }

  /** Gives a blob another time of its last put. */
  async age(key: BlobKey, putAt: Date): Promise<void> {
    const name = this.keys.blob(key);
    await this.server.client.send(
      new CopyObjectCommand({
        Bucket: this.bucket,
        Key: name,
        CopySource: `${this.bucket}/${name}`,
        MetadataDirective: 'REPLACE',
        ...putAtMetadata(putAt.getTime()),
      }),
    );
  }

  /** Replaces the bytes of a blob, which keep their name; null removes them. */
  async tamper(key: BlobKey, bytes: Uint8Array | null): Promise<void> {
    const target = { Bucket: this.bucket, Key: this.keys.blob(key) };
    const { client } = this.server;
    if (bytes) await client.send(new PutObjectCommand({ ...target, Body: bytes, ...putAtMetadata(Date.now()) }));
    else await client.send(new DeleteObjectCommand(target));
  }

  async uploads() {
    const { Uploads = [] } = await this.server.client.send(new ListMultipartUploadsCommand({ Bucket: this.bucket }));
    return Uploads;
  }

  /** Uploads in parts that have not ended, and nameless files of puts in this process. */
  async countOpen(): Promise<number> {
    const targets = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    return (await this.uploads()).length + targets.filter((target) => target.includes('pentaprism-spool-')).length;
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
    for (const { Key, UploadId } of await this.uploads())
      await this.server.client.send(new AbortMultipartUploadCommand({ Bucket: this.bucket, Key, UploadId }));
  }
}

function addHook(client: S3Client, hook: RequestHook): void {
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const { Key, Prefix } = args.input as { Key?: string; Prefix?: string };
      await hook((context.commandName ?? '').replace('Command', ''), Key ?? Prefix ?? '');
      return next(args);
    },
    { step: 'initialize' },
  );
}
