import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { awaitsContinue, acceptExpectations } from './expectation.js';

let server: FastifyInstance;
beforeAll(async () => {
  server = fastify();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  acceptExpectations(server);
  server.put('/read', async (request) => {
    const before = awaitsContinue(request);
    let text = '';
    for await (const chunk of request.body as AsyncIterable<Buffer>) text += chunk.toString();
    return `${before} ${awaitsContinue(request)} ${text}`;
  });
  server.put('/refuse', async (_request, reply) => reply.status(403).send('no'));
  await server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close());

/** Sends the head of a request, and its body when it is asked for. Returns everything that came. */
async function put(path: string): Promise<string> {
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  let answer = '';
  let sent = false;
  socket.on('data', (chunk) => {
    answer += chunk.toString();
    if (answer.startsWith('HTTP/1.1 100') && !sent) sent = socket.write('bytes');
    if (answer.endsWith('bytes')) socket.end();
  });
  const head = ['Host: x', 'Content-Type: image/png', 'Content-Length: 5', 'Expect: 100-continue'].join('\r\n');
  socket.write(`PUT ${path} HTTP/1.1\r\n${head}\r\n\r\n`);
  await once(socket, 'close');
  return answer;
}

describe('a request with Expect: 100-continue', () => {
  it('is asked for its body when somebody reads it', async () => {
    const answer = await put('/read');
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(answer).toMatch(/true false bytes$/);
  });

  it('that is refused gets the final status at once, and its connection ends', async () => {
    const answer = await put('/refuse');
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(answer).not.toContain('100 Continue');
    expect(answer.toLowerCase()).toContain('connection: close');
  });
});
