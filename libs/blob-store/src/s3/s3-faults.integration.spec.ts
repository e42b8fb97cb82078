import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startS3Server, startTcpProxy, type S3Server, type TcpProxy } from '@pentaprism/testing';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { S3BlobStore } from './s3-blob-store.js';
import { S3Place } from './s3.fixture.js';
import { MULTIPART_BYTES } from './s3-upload.js';

const MAX = { maxBytes: 1024 ** 3 };
const HOUR = 3_600_000;
const inAnHour = () => new Date(Date.now() + HOUR);
const anHourAgo = () => new Date(Date.now() - HOUR);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function* inChunks(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const server = await startS3Server();
afterAll(async () => server?.stop());

(server ? describe : describe.skip)('S3BlobStore', () => {
  let place: S3Place;
  beforeEach(async () => {
    place = await S3Place.make(server as S3Server);
  });
  afterEach(() => place.close());

  describe('a large blob', () => {
    const bytes = randomBytes(MULTIPART_BYTES + 5_000_001);

    it.each([
      ['a stream', () => inChunks(bytes)],
      ['memory', () => bytes],
    ])('goes in parts from %s, and comes as it was', async (_, source) => {
      const commands: string[] = [];
      const store = await place.open({ hook: (command) => commands.push(command) });
      const stored = await store.put('originals', 'w', source(), MAX);
      expect(stored).toMatchObject({ sha256: sha256(bytes), size: bytes.length });
      expect(commands.filter((command) => command === 'UploadPart')).toHaveLength(5);
      expect(commands).not.toContain('PutObject');
      expect((await store.read(stored.key, MAX)).equals(bytes)).toBe(true);
      expect(await place.countOpen()).toBe(0);
      // Known bytes are not sent again.
      commands.length = 0;
      await store.put('originals', 'w', source(), MAX);
      expect(commands).toEqual(['HeadObject', 'GetObject', 'CopyObject', 'ListObjectsV2', 'HeadObject']);
      expect((await store.read(stored.key, MAX)).equals(bytes)).toBe(true);
      expect(await store.removeIfUnusedSince(stored.key, inAnHour())).toBe(true);
      expect(await place.names()).toEqual([]);
    });

    it.each(['UploadPart', 'CompleteMultipartUpload'])('leaves nothing when %s fails for good', async (failing) => {
      const store = await place.open({
        hook: (command) => {
          if (command === failing) throw Object.assign(new Error('no'), { $metadata: { httpStatusCode: 403 } });
        },
      });
      await expect(store.put('originals', 'w', inChunks(bytes), MAX)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(await place.names()).toEqual([]);
      expect(await place.countOpen()).toBe(0);
    });

    it('leaves nothing when it is aborted between two parts', async () => {
      const abort = new AbortController();
      let parts = 0;
      const store = await place.open({
        hook: (command) => {
          if (command === 'UploadPart' && ++parts === 4) abort.abort(new Error('the client went away'));
        },
      });
      const put = store.put('originals', 'w', inChunks(bytes), { ...MAX, signal: abort.signal });
      await expect(put).rejects.toThrow('the client went away');
      expect(await place.names()).toEqual([]);
      expect(await place.countOpen()).toBe(0);
    });

    it('survives a connection that breaks in the middle of a part', async () => {
      let failures = 2;
      const store = await place.open({
        hook: (command) => {
          if (command === 'UploadPart' && failures-- > 0)
            throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
        },
      });
      const { key } = await store.put('originals', 'w', inChunks(bytes), MAX);
      expect((await store.read(key, MAX)).equals(bytes)).toBe(true);
    });
  });

  it('sweeps uploads that were never ended, below its prefix only, and no younger ones', async () => {
    const store = await place.open();
    const begin = async (name: string) => {
      const target = { Bucket: place.bucket, Key: name };
      const create = new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'SHA256' });
      const { UploadId } = await place.server.client.send(create);
      await place.server.client.send(
        new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'part', ChecksumAlgorithm: 'SHA256' }),
      );
    };
    const sha = 'a'.repeat(64);
    await begin(place.keys.blob({ area: 'originals', workspace: 'w', sha256: sha }));
    await begin('another/prefix/blobs/x');
    await place.requests.putEmpty(place.keys.newTemporary());
    expect(await store.sweepTemporary(anHourAgo())).toBe(0);
    expect(await place.uploads()).toHaveLength(2);
    expect(await store.sweepTemporary(inAnHour())).toBe(2);
    expect((await place.uploads()).map(({ Key }) => Key)).toEqual(['another/prefix/blobs/x']);
    expect(await place.names()).toEqual([]);
  });

  it.each([
    ['PutObject', 1000],
    ['UploadPart', MULTIPART_BYTES + 1],
  ])('stores nothing when the bytes of %s are not those that were hashed', async (sending, size) => {
    const bytes = randomBytes(size);
    const store = await place.open({
      // As faulty memory does.
      hook: (command) => command === sending && bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0),
    });
    await expect(store.put('originals', 'w', bytes, MAX)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      cause: { name: 'BadDigest' },
    });
    expect(await place.names()).toEqual([]);
    expect(await place.countOpen()).toBe(0);
  });

  it('leaves objects alone that are none of its own', async () => {
    const store = await place.open();
    await place.requests.putEmpty(`${place.keys.blobs}originals/w/readme`);
    await place.requests.putEmpty(`${place.keys.trash}readme`);
    await place.requests.putEmpty(`${place.keys.incoming}readme`);
    const listed: unknown[] = [];
    for await (const entry of store.list('originals')) listed.push(entry);
    for await (const arrival of store.direct.arrivals()) listed.push(arrival);
    expect(listed).toEqual([]);
    expect(await store.sweepTemporary(inAnHour())).toBe(0);
    expect(await place.names()).toHaveLength(3);
  });

  describe('that cannot be opened', () => {
    const open = (url: string, endpoint = place.server.endpoint) => S3BlobStore.open(url, { s3: { endpoint } });

    it.each([
      ['s3:', /has to look like s3:\/\/bucket\/prefix/],
      ['s3://', /has to look like/],
      ['s3://Bucket', /has to look like/],
      ['s3://bucket/a b', /has to look like/],
      ['s3://bucket/../x', /has to look like/],
      ['s3://bucket/a//b', /has to look like/],
      ['s3://key:secret@bucket', /has to look like/],
      ['s3://bucket?region=x', /has to look like/],
      ['s3://no-such-bucket-here', /^The bucket no-such-bucket-here does not exist\.$/],
    ])('%s: says so in one sentence', async (url, message) => {
      const error = { code: 'FAILED_PRECONDITION', message: expect.stringMatching(message) };
      await expect(open(url)).rejects.toMatchObject(error);
    });

    it('for want of credentials, a proper endpoint, or a server', async () => {
      const environment = { ...process.env };
      delete process.env['AWS_ACCESS_KEY_ID'];
      process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
      process.env['AWS_SHARED_CREDENTIALS_FILE'] = process.env['AWS_CONFIG_FILE'] = '/nowhere';
      try {
        await expect(open(place.url)).rejects.toMatchObject({
          code: 'FAILED_PRECONDITION',
          message: expect.stringMatching(/^S3 needs credentials: set AWS_ACCESS_KEY_ID/),
        });
      } finally {
        process.env = environment;
      }
      await expect(open(place.url, 'http://host/path')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
      await expect(open(place.url, 'http://127.0.0.1:1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    });
  });

  describe('while the server is away', () => {
    let proxy: TcpProxy;
    let store: S3BlobStore;
    const unavailable = { code: 'UNAVAILABLE', message: 'The blob store does not work at the moment.' };
    beforeAll(async () => {
      proxy = await startTcpProxy((server as S3Server).endpoint);
    });
    afterAll(() => proxy.close());
    beforeEach(async () => {
      proxy.restore();
      store = await place.open({ endpoint: proxy.origin });
    });

    it('everything is UNAVAILABLE, soon, and works again afterwards', async () => {
      const { key } = await store.put('originals', 'w', Buffer.from('before'), MAX);
      proxy.cut();
      const startedAt = performance.now();
      for (const work of [
        () => store.put('originals', 'w', inChunks(randomBytes(2_000_000)), MAX),
        () => store.read(key),
        () => store.open(key),
        () => store.stat(key),
        () => store.removeIfUnusedSince(key, inAnHour()),
        () => store.sweepTemporary(anHourAgo()),
        () => store.checkWritable(),
      ])
        await expect(work()).rejects.toMatchObject(unavailable);
      // Seven operations with three attempts each.
      expect(performance.now() - startedAt).toBeLessThan(15_000);
      expect(await place.countOpen()).toBe(0);
      proxy.restore();
      expect((await store.read(key)).toString()).toBe('before');
      await store.checkWritable();
    });

    it('a moment only, no caller gets an error', async () => {
      const { key } = await store.put('originals', 'w', Buffer.from('before'), MAX);
      proxy.cut();
      setTimeout(() => proxy.restore(), 60);
      expect((await store.read(key)).toString()).toBe('before');
    });

    it('and packets are swallowed, no request waits for ever', async () => {
      const { key } = await store.put('originals', 'w', Buffer.from('before'), MAX);
      proxy.stall();
      const startedAt = performance.now();
      await expect(store.put('originals', 'w', Buffer.from('during'), MAX)).rejects.toMatchObject(unavailable);
      expect(performance.now() - startedAt).toBeLessThan(35_000);
      proxy.restore();
      expect((await store.read(key)).toString()).toBe('before');
    });

    it('in the middle of a body, the reader is told', async () => {
      const { key } = await store.put('originals', 'w', randomBytes(20_000_000), MAX);
      const stream = await store.open(key);
      const reading = (async () => {
        let read = 0;
        for await (const chunk of stream) {
          read += (chunk as Buffer).length;
          if (read > 1_000_000) proxy.cut();
        }
      })();
      await expect(reading).rejects.toMatchObject(unavailable);
    });
  });

  it('lets a reader take its time, and ends the download with the reader', async () => {
    const store = await place.open();
    const { key } = await store.put('originals', 'w', randomBytes(5_000_000), MAX);
    const stream = await store.open(key);
    let read = 0;
    for await (const chunk of stream) {
      read += (chunk as Buffer).length;
      await sleep(5);
    }
    expect(read).toBe(5_000_000);
    const given = await store.open(key);
    given.destroy();
    expect((await store.read(key, MAX)).length).toBe(5_000_000);
  });
});
