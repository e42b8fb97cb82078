import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { canonicalUrl } from '../dialects.js';
import { answerUnparsable, rememberRequest } from './unparsable.js';

let server: FastifyInstance;
let port: number;
beforeAll(async () => {
  server = fastify({
    clientErrorHandler: answerUnparsable,
    rewriteUrl: ({ url = '/' }) => canonicalUrl(url),
  });
  server.addHook('onRequest', async ({ raw }) => rememberRequest(raw));
  server.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  server.post('/*', async (request) => {
    for await (const _chunk of request.body as AsyncIterable<Buffer>);
    return {};
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  port = (server.server.address() as AddressInfo).port;
});
afterAll(() => server.close());

/** Status, type and body of the first answer. */
async function exchange(...pieces: string[]): Promise<unknown[]> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  for (const piece of pieces) {
    // One after another, as they come over a slow line.
    await new Promise((resolve) => socket.write(piece, resolve));
  }
  await once(socket, 'close');
  const [head = '', body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
  return [Number(head.split(' ')[1]), /content-type: (.*)/i.exec(head)?.[1], body];
}

const V1 = '/customvision/v1.2/training/projects';
const V3 = '/customvision/v3.3/Training/projects';
const CHUNKED = 'Host: x\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n';
const MESSAGE = 'This is no valid HTTP request.';
const V1_BODY = `{"Code":"BadRequest","Message":"${MESSAGE}"}`;
const JSON_TYPE = 'application/json; charset=utf-8';

describe('what is no HTTP is answered in the words of its path', () => {
  it.each([
    ['a chunk', V1, JSON_TYPE, V1_BODY],
    ['a chunk', V3, JSON_TYPE, `{"code":"BadRequest","message":"${MESSAGE}"}`],
    ['a chunk', '/v1/images', 'application/json', `{"code":400,"message":"${MESSAGE}"}`],
  ])('%s of %s', async (_what, path, type, body) => {
    expect(await exchange(`POST ${path} HTTP/1.1\r\n${CHUNKED}\r\n`, 'zz\r\n{}\r\n')).toEqual([400, type, body]);
  });

  it('in XML, where it is known that XML is wanted', async () => {
    const head = `POST ${V1} HTTP/1.1\r\nAccept: application/xml\r\n${CHUNKED}\r\n2\r\n{}\r\n`;
    expect(await exchange(head, 'zz\r\n')).toEqual([
      400,
      'application/xml; charset=utf-8',
      `<?xml version="1.0" encoding="utf-8"?><CustomVisionError><Code>BadRequest</Code><Message>${MESSAGE}</Message></CustomVisionError>`,
    ]);
  });

  it.each([
    ['a header without a colon', `GET ${V1} HTTP/1.1\r\nnothing\r\n\r\n`, 400, V1_BODY],
    ['an unknown method', `BREW ${V1} HTTP/1.1\r\n\r\n`, 400, V1_BODY],
    [
      'a long header',
      `GET ${V1} HTTP/1.1\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
      431,
      '{"Code":"BadRequest","Message":"The URL and the headers are too long."}',
    ],
  ])('%s', async (_what, text, status, body) => {
    expect(await exchange(text)).toEqual([status, JSON_TYPE, body]);
  });
});

it('what has no path is answered with a code and a message', async () => {
  const body = `{"code":400,"message":"${MESSAGE}"}`;
  expect(await exchange('\x16\x03\x01\x02\0\x01\r\n\r\n')).toEqual([400, 'application/json', body]);
});
