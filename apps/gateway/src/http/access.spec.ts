import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import { MalformedRequest } from '@pentaprism/http';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { accessOf, addNotFoundHandlers, declareAccess, errorShapeOf, rulesOf } from './access.js';
import { checkTarget, routedUrl } from './request-target.js';

/** A server that answers with what its hooks made of a request, as `status role dialect path`. */
async function serve(add: (server: FastifyInstance) => void): Promise<FastifyInstance> {
  const show = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const { dialect, asked } = errorShapeOf(request);
    const status = error instanceof MalformedRequest ? 400 : DomainError.is(error, 'NOT_FOUND') ? 404 : 'other';
    void reply.status(200).send(`${status} ${accessOf(request).role} ${dialect.name} ${asked.path}`);
  };
  const server = fastify({
    rewriteUrl: routedUrl,
    http: { requireHostHeader: false },
    frameworkErrors: show,
    routerOptions: { ignoreTrailingSlash: true },
  });
  declareAccess(server);
  server.addHook('onRequest', async (request) => {
    accessOf(request);
    checkTarget(request);
  });
  server.setErrorHandler(show);
  server.setNotFoundHandler((request, reply) => show(new DomainError('NOT_FOUND', ''), request, reply));
  add(server);
  await addNotFoundHandlers(server, show);
  return server;
}

const shown = (request: FastifyRequest) => {
  const { role, dialect, path } = accessOf(request);
  return `200 ${role} ${dialect.name} ${path}`;
};
const V3 = '/customvision/v3.4-preview/training/projects';

function routes(server: FastifyInstance): void {
  // As libraries do that serve files.
  server.get('/docs/passed-on', async (_request, reply) => reply.callNotFound());
  server.get('/v1/images/:id', async (request) => shown(request));
  server.post(V3, async (request) => shown(request));
  server.get('/data/runs', async (request) => shown(request));
  server.post(`${V3}/:id/nostore`, { config: { role: 'reader' } }, async (request) => shown(request));
  server.get('/health/live', { config: { role: 'none' } }, async (request) => shown(request));
  server.delete('/keys/:id', { config: { role: 'owner' } }, async (request) => shown(request));
}

let server: FastifyInstance;
beforeAll(async () => {
  server = await serve(routes);
  await server.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => server.close());

describe('accessOf', () => {
  it.each([
    ['GET', '/v1/images/5', `200 reader tagged-images /v1/images/:id`],
    ['HEAD', '/v1/images/5', ''],
    ['GET', '/v1/images/5;x', '200 reader tagged-images /v1/images/:id'],
    ['GET', '/v1/images/5%23%2fnostore', '200 reader tagged-images /v1/images/:id'],
    // What the router decodes is the same route, however it is written.
    ['GET', '/%76%31/images/5', '200 reader tagged-images /v1/images/:id'],
    ['DELETE', '/%6beys/5', '200 owner admin /keys/:id'],
    ['GET', '/he%61lth/live', '200 none admin /health/live'],
    ['GET', '//health/live', '404 owner admin /'],
    ['GET', '/v1/../health/live', '404 reader tagged-images /v1'],
    ['GET', '/health/live/x', '404 none admin /health'],
    ['GET', '/v1', '404 reader tagged-images /v1'],
    ['POST', '/v1/nothing', '404 editor tagged-images /v1'],
    ['PROPFIND', '/v1/images/5', '404 editor tagged-images /v1'],
    ['OPTIONS', '/v1/images/5', '404 none tagged-images /v1'],
    ['POST', '/health/live', '404 none admin /health'],
    ['GET', '/docs/passed-on', '404 none admin /docs/passed-on'],
    ['POST', '/nothing', '404 owner admin /'],
    ['GET', '/keys/5', '404 owner admin /keys'],
    ['POST', '/customvision/v3.3/Training/projects', `200 editor custom-vision ${V3}`],
    ['POST', '//customvision//V3.0/training/projects/', `200 editor custom-vision ${V3}`],
    ['POST', '/customvision/v3.3/training/projects/x/nostore', `200 reader custom-vision ${V3}/:id/nostore`],
    ['POST', '/customvision/v3.3/training/projects?x=/nostore', `200 editor custom-vision ${V3}`],
    ['POST', '/customvision/v3.3/training/projects;/nostore', '404 editor custom-vision /customvision'],
    ['POST', '/customvision/v3.3/training/projects%23/nostore', '404 editor custom-vision /customvision'],
    ['POST', '/customvision/v3.3/training/projects%3Fx=/nostore', '404 editor custom-vision /customvision'],
    ['POST', '/customvision/v1.2/training/none', '404 editor custom-vision /customvision/v1.2/Training'],
    ['GET', '/customvision/v1.1/prediction/none', '404 reader custom-vision /customvision/v1.1/Prediction'],
    ['POST', 'http://x/customvision/v3.3/training/projects', `200 editor custom-vision ${V3}`],
    ['POST', '/experiment/x/data/plugin/hparams/experiment', '404 reader tensorboard /data'],
    ['POST', '/experiment/x', '404 reader tensorboard /experiment'],
    ['GET', '/experiment/%zz/data/runs', '200 reader tensorboard /data/runs'],
    // The router gives up on these: nothing but the shape of the refusal depends on their text.
    ['GET', '/v1/%zz', 'other owner tagged-images /v1/%zz'],
  ])('%s %s: %s', async (method, target, expected) => {
    expect(await ask(method, target)).toBe(expected);
  });

  it.each([
    ['POST', `${V3}#/nostore`, `400 editor custom-vision ${V3}`],
    ['POST', '/customvision/v3.3/Training/projects#&name=x&x=/nostore', `400 editor custom-vision ${V3}`],
    ['POST', '/customvision/v1.2/training/none#', '400 editor custom-vision /customvision/v1.2/Training'],
    ['GET', '/v1/images/5#', '400 reader tagged-images /v1/images/:id'],
    ['GET', '/v1/images/5?x#y', '400 reader tagged-images /v1/images/:id'],
    ['GET', '/health/live#/keys', '400 none admin /health/live'],
    ['GET', '/keys#/../health', '400 owner admin /keys'],
    ['GET', '/v1/images/\\5', '400 reader tagged-images /v1/images/:id'],
    ['GET', 'http://y/v1/images/5', '400 reader tagged-images /v1/images/:id'],
  ])('%s %s is refused in the shape of its route', async (method, target, expected) => {
    expect(await ask(method, target)).toBe(expected);
  });

  it.each(['%', '[]', '{}', '|', '\\', '"', '<>', '^`'])(
    'takes a query with %s, as browsers write it',
    async (text) => {
      expect(await ask('GET', `/v1/images/5?x=${text}`)).toMatch(/^200/);
    },
  );
});

describe('checkTarget', () => {
  it.each([
    ['Host: x\r\nHost: y', 400],
    ['Host: x\r\nhost: x', 400],
    ['Host: a b', 400],
    ['Host: x', 200],
  ])('of a request with %j: %i', async (headers, status) => {
    expect(await ask('GET', '/health/live', headers)).toMatch(new RegExp(`^${status}`));
  });
});

describe('declareAccess', () => {
  it('refuses a route of the own API that does not declare its role', async () => {
    await expect(serve((each) => each.get('/keys/new', async () => 'x'))).rejects.toThrow(/\/keys\/new.*role/);
    await expect(serve((each) => each.get('/elsewhere', async () => 'x'))).rejects.toThrow(/\/elsewhere.*role/);
  });

  it('requires an editor where one of several methods writes', async () => {
    const other = await serve((each) =>
      each.route({ method: ['GET', 'POST'], url: '/v1/both', handler: async () => 'x' }),
    );
    expect(rulesOf(other).slice(0, 2)).toMatchObject([
      { method: 'GET', path: '/v1/both', role: 'editor' },
      { method: 'POST', path: '/v1/both', role: 'editor' },
    ]);
  });
});

/** The body of the answer, to a target that is sent as it is. */
async function ask(method: string, target: string, headers = 'Host: x'): Promise<string> {
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(Buffer.from(`${method} ${target} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`, 'latin1'));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString().split('\r\n\r\n')[1] ?? '';
}
