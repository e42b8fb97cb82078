import { DomainError } from '@pentaprism/domain';
import type { FastifyInstance } from 'fastify';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { joinChunks } from './small-chunks.js';

interface RunningDigest {
  update(chunk: Buffer): unknown;
  digest(): Buffer;
}

interface Algorithm {
  /** Length of a digest. */
  readonly bytes: number;
  readonly start: () => RunningDigest;
}

/** A digest that a client sent with its body. */
interface Expected {
  readonly algorithm: Algorithm;
  /** The header that it came in. */
  readonly header: string;
  readonly digest: Buffer;
}

const hash = (name: string, bytes: number): Algorithm => ({ bytes, start: () => createHash(name) });
const MD5 = hash('md5', 16);
const SHA1 = hash('sha1', 20);
const SHA256 = hash('sha256', 32);
const SHA512 = hash('sha512', 64);
const CRC32: Algorithm = { bytes: 4, start: () => new Crc(crc32) };
const CRC32C: Algorithm = { bytes: 4, start: () => new Crc(crc32c) };

/** Headers of S3 clients, in base64. */
const BY_HEADER: Readonly<Record<string, Algorithm>> = {
  'content-md5': MD5,
  'x-amz-checksum-sha1': SHA1,
  'x-amz-checksum-sha256': SHA256,
  'x-amz-checksum-crc32': CRC32,
  'x-amz-checksum-crc32c': CRC32C,
};
/** Members of `Content-Digest` (RFC 9530) and of its forerunner `Digest` (RFC 3230). Others are ignored, as both say. */
const BY_MEMBER: Readonly<Record<string, Algorithm>> = {
  md5: MD5,
  sha: SHA1,
  'sha-256': SHA256,
  'sha-512': SHA512,
};
/** Values of `x-amz-content-sha256` that are no digest. */
const UNSIGNED = /^(?:UNSIGNED-PAYLOAD|STREAMING-.*)$/i;

/**
 * Compares each body with the digests that its client sent. A body that differs fails at its end, with
 * INVALID_ARGUMENT, so that nothing of it is kept.
 */
export function compareDigests(fastify: FastifyInstance): void {
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    let expected: Expected[];
    if (!hasBody(request.headers)) {
      done(null, payload);
      return;
    }
    try {
      expected = expectedDigests(request.headers);
    } catch (error) {
      done(error as DomainError);
      return;
    }
    if (expected.length === 0) done(null, payload);
    else done(null, joinChunks(Readable.from(compared(payload, expected), { objectMode: false })));
  });
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined;
}

/**
 * Returns one digest per algorithm, so that a header cannot start hundreds of hashes.
 *
 * @throws DomainError INVALID_ARGUMENT for a digest that is malformed, that differs from another one of its algorithm, or
 *   whose algorithm is not supported
 */
export function expectedDigests(headers: IncomingHttpHeaders): Expected[] {
  const byAlgorithm = new Map<Algorithm, Expected>();
  for (const expected of allDigests(headers)) {
    const { digest } = byAlgorithm.get(expected.algorithm) ?? expected;
    if (!digest.equals(expected.digest))
      throw new DomainError('INVALID_ARGUMENT', `The header ${expected.header} differs from another digest.`);
    byAlgorithm.set(expected.algorithm, expected);
  }
  return [...byAlgorithm.values()];
}

function allDigests(headers: IncomingHttpHeaders): Expected[] {
  const found: Expected[] = [];
  for (const [header, value] of Object.entries(headers)) {
    if (typeof value !== 'string') continue;
    const algorithm = BY_HEADER[header];
    if (algorithm) found.push(read(header, value, 'base64', algorithm));
    else if (header === 'x-amz-content-sha256' && !UNSIGNED.test(value)) found.push(read(header, value, 'hex', SHA256));
    else if (header === 'content-digest' || header === 'digest') found.push(...members(header, value));
    else if (header.startsWith('x-amz-checksum-') && !/-(?:algorithm|type|mode)$/.test(header))
      throw new DomainError('INVALID_ARGUMENT', `The header ${header} is not supported.`);
  }
  return found;
}

function members(header: string, value: string): Expected[] {
  return value.split(',').flatMap((member) => {
    const [, name = '', digest = ''] = /^([A-Za-z0-9-]+)=:?([^:\s]*):?$/.exec(member.trim()) ?? [];
    const algorithm = BY_MEMBER[name.toLowerCase()];
    return algorithm ? [read(header, digest, 'base64', algorithm)] : [];
  });
}

function read(header: string, value: string, encoding: 'base64' | 'hex', algorithm: Algorithm): Expected {
  const digest = Buffer.from(value, encoding);
  // Both decoders skip what they cannot read, so that the way back tells.
  if (
    digest.length !== algorithm.bytes ||
    digest.toString(encoding) !== (encoding === 'hex' ? value.toLowerCase() : value)
  )
    throw new DomainError('INVALID_ARGUMENT', `The header ${header} is not a valid digest.`);
  return { header, digest, algorithm };
}

async function* compared(body: AsyncIterable<Buffer>, expected: readonly Expected[]): AsyncGenerator<Buffer, void> {
  const running = expected.map(({ algorithm }) => algorithm.start());
  for await (const chunk of body) {
    for (const each of running) each.update(chunk);
    yield chunk;
  }
  for (const [i, { header, digest }] of expected.entries()) {
    if (running[i]?.digest().equals(digest)) continue;
    throw new DomainError('INVALID_ARGUMENT', `The body does not match its header ${header}.`, { header });
  }
}

/** A checksum of 32 bits, in the shape of a hash. */
class Crc implements RunningDigest {
  private value = 0;

  constructor(private readonly next: (chunk: Buffer, value: number) => number) {}

  update(chunk: Buffer): void {
    this.value = this.next(chunk, this.value);
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(this.value >>> 0);
    return bytes;
  }
}

/** The polynomial of CRC-32C, bits reversed. */
const CASTAGNOLI = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CASTAGNOLI : value >>> 1;
  return value;
});

function crc32c(chunk: Buffer, before: number): number {
  let value = ~before;
  for (const byte of chunk) value = (TABLE[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8);
  return ~value >>> 0;
}
