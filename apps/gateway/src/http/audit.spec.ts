import { beforeEach, describe, expect, it } from '@jest/globals';
import { setPrincipal } from '@pentaprism/http';
import { createLogger } from '@pentaprism/observability';
import { fastify, type FastifyInstance } from 'fastify';
import { Writable } from 'node:stream';
import { declareAccess } from './access.js';
import { AuditLog, REFUSAL_LINES } from './audit.js';
import { setAuditTarget } from './audit-target.js';

let lines: Record<string, unknown>[];
let server: FastifyInstance;
beforeEach(() => start('warn'));

function start(level: string): void {
  lines = [];
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  const audit = new AuditLog(createLogger('gateway', level, output));
  server = fastify({ genReqId: () => 'trace' });
  declareAccess(server);
  server.addHook('onResponse', async (request, reply) => audit.record(request, reply.statusCode));
  const principal = { keyId: '0123456789abcdef', name: 'camera', role: 'owner', workspace: 'clinic' } as const;
  server.delete('/v1/things/:id', { config: { audit: 'project.delete' } }, async (request, reply) => {
    setPrincipal(request, principal);
    return reply.status(Number(request.headers['x-status'] ?? 204)).send();
  });
  server.post('/v1/things', { config: { audit: 'key.create' } }, async (request) => {
    setPrincipal(request, principal);
    setAuditTarget(request, { id: 'new' });
    return {};
  });
  server.get('/v1/things', async (_request, reply) => reply.status(401).send());
  server.get('/v1/foreign', async (_request, reply) => reply.status(403).send());
  server.get('/files/:id', { config: { role: 'none' } }, async (_request, reply) => reply.status(403).send());
}

describe('the audit log', () => {
  it('has one line with who, what, workspace, address and result, whatever LOG_LEVEL is', async () => {
    await server.inject({ method: 'DELETE', url: '/v1/things/7' });
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'info',
        audit: 'project.delete',
        who: 'camera',
        keyId: '0123456789abcdef',
        what: 'DELETE /v1/things/:id',
        target: { id: '7' },
        workspace: 'clinic',
        address: '127.0.0.1',
        status: 204,
        result: 'done',
        traceId: 'trace',
        msg: 'audit: project.delete',
      }),
    ]);
  });

  it.each([
    [404, 'project.delete', 'refused'],
    [403, 'role.refuse', 'refused'],
    [503, 'project.delete', 'failed'],
  ])('says how an action with status %i ended', async (status, audit, result) => {
    await server.inject({ method: 'DELETE', url: '/v1/things/7', headers: { 'x-status': String(status) } });
    expect(lines).toMatchObject([{ audit, result, status, who: 'camera' }]);
  });

  it.each([
    ['/files/7', 'url.refuse', 'a signed URL that is wrong or has expired'],
    ['/v1/foreign', 'origin.refuse', 'a client without a key, for its Host or Origin'],
  ])('names the refusal of %s %s, because it is %s and no role', async (url, audit) => {
    await server.inject({ url });
    expect(lines).toMatchObject([{ audit, who: null, keyId: null, workspace: null, status: 403, result: 'refused' }]);
  });

  it('names what was made', async () => {
    await server.inject({ method: 'POST', url: '/v1/things' });
    expect(lines).toMatchObject([{ audit: 'key.create', target: { id: 'new' } }]);
  });

  it.each([
    ['Bearer 0123456789abcdef.secret', '0123456789abcdef'],
    ['Bearer secret', null],
    ['Bearer se.cret', null],
  ])('has the id, and never the secret, of the refused key %s', async (authorization, keyId) => {
    await server.inject({ url: '/v1/things', headers: { authorization } });
    expect(lines).toMatchObject([{ audit: 'key.refuse', who: null, keyId, workspace: null, status: 401 }]);
    expect(JSON.stringify(lines)).not.toMatch(/secret|cret/);
  });

  it('is not filled by refusals of one address', async () => {
    for (let i = 0; i < REFUSAL_LINES + 5; i++) await server.inject({ url: '/v1/things' });
    expect(lines).toHaveLength(REFUSAL_LINES);
    // The next line says what was left out.
    await server.inject({ method: 'POST', url: '/v1/things' });
    expect(lines.at(-1)).toMatchObject({ audit: 'key.create', suppressed: 5 });
  });

  it('is silent with LOG_LEVEL=silent', async () => {
    start('silent');
    await server.inject({ url: '/v1/things' });
    expect(lines).toEqual([]);
  });
});
