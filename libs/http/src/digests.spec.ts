import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import { fastify, type FastifyInstance } from 'fastify';
import { createHash } from 'node:crypto';
import { compareDigests, expectedDigests } from './digests.js';

const BODY = Buffer.from('123456789');
const digest = (algorithm: string) => createHash(algorithm).update(BODY).digest('base64');
/** The check values of both algorithms for these nine digits. */
const CRC32 = Buffer.from('cbf43926', 'hex').toString('base64');
const CRC32C = Buffer.from('e3069283', 'hex').toString('base64');

let server: FastifyInstance;
beforeAll(() => {
  server = fastify();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  compareDigests(server);
  server.setErrorHandler((error, _request, reply) =>
    reply.status(DomainError.is(error, 'INVALID_ARGUMENT') ? 400 : 500).send({ message: (error as Error).message }),
  );
  server.get('/', () => ({}));
  server.put('/', async ({ body }) => {
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) size += chunk.length;
    return { size };
  });
});
afterAll(() => server.close());

const send = (headers: Record<string, string>, payload = BODY) =>
  server.inject({ method: 'PUT', url: '/', headers: { 'content-type': 'image/png', ...headers }, payload });

describe('compareDigests', () => {
  const right = [
    ['content-md5', digest('md5')],
    ['x-amz-checksum-sha1', digest('sha1')],
    ['x-amz-checksum-sha256', digest('sha256')],
    ['x-amz-checksum-crc32', CRC32],
    ['x-amz-checksum-crc32c', CRC32C],
    ['x-amz-content-sha256', createHash('sha256').update(BODY).digest('hex').toUpperCase()],
    ['content-digest', `sha-256=:${digest('sha256')}:, sha-512=:${digest('sha512')}:`],
    ['digest', `SHA-256=${digest('sha256')},md5=${digest('md5')}`],
  ] as const;

  it.each(right)('accepts a body with its %s', async (name, value) => {
    const answer = await send({ [name]: value });
    expect([answer.statusCode, answer.json()]).toEqual([200, { size: BODY.length }]);
  });

  it.each(right)('refuses a body with the %s of another one', async (name, value) => {
    const answer = await send({ [name]: value }, Buffer.from('123456780'));
    expect([answer.statusCode, answer.json()]).toEqual([
      400,
      { message: `The body does not match its header ${name}.` },
    ]);
  });

  it.each([
    ['content-md5', 'AAAA'],
    ['content-md5', '!'.repeat(24)],
    ['content-md5', createHash('md5').update(BODY).digest('hex')],
    ['x-amz-checksum-sha256', ''],
    ['x-amz-content-sha256', 'x'],
    ['x-amz-checksum-crc64nvme', 'AAAAAAAAAAA='],
    ['content-digest', 'sha-256=:AAAA:'],
  ])('refuses the header %s: %s', async (name, value) => {
    expect((await send({ [name]: value })).statusCode).toBe(400);
  });

  it.each([
    ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
    ['x-amz-sdk-checksum-algorithm', 'CRC32'],
    ['x-amz-checksum-algorithm', 'CRC32'],
    ['content-digest', 'unixsum=:AAAA:'],
    ['digest', 'nonsense'],
  ])('ignores the header %s: %s', async (name, value) => {
    expect((await send({ [name]: value })).statusCode).toBe(200);
  });

  it('keeps one digest per algorithm, however often a client sends it', () => {
    const member = `md5=:${digest('md5')}:`;
    const repeated = Array.from({ length: 500 }, () => member).join();
    expect(expectedDigests({ 'content-digest': repeated, 'content-md5': digest('md5') })).toHaveLength(1);
  });

  it('refuses two different digests of one algorithm', async () => {
    const other = createHash('md5').update('other').digest('base64');
    const answer = await send({ 'content-digest': `md5=:${digest('md5')}:, md5=:${other}:` });
    expect(answer.statusCode).toBe(400);
    expect((await send({ 'content-md5': digest('md5'), digest: `md5=${other}` })).statusCode).toBe(400);
  });

  it('reads a member with 3 million spaces in linear time', () => {
    expect(expectedDigests({ digest: `a=${' '.repeat(3_000_000)}::x` })).toEqual([]);
  });

  it('ignores digests of a request that has no body', async () => {
    const answer = await server.inject({ method: 'GET', url: '/', headers: { 'content-md5': 'AAAA' } });
    expect(answer.statusCode).toBe(200);
  });
});
