import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import type { OutgoingHttpHeaders } from 'node:http';
import { exchange, json, send } from './support/http.js';
import { createKey, logsOf, startPrivateSystem, type ApiKey, type PrivateSystem } from './support/stack.js';

const METRICS_KEY = 'a key for Prometheus alone';
const [FAILURES, ADDRESS_FAILURES] = [5, 20];

/** A system of its own, behind one proxy, with open dialects on loopback and small limits for wrong keys. */
let system: PrivateSystem;
let owner: ApiKey;
let reader: ApiKey;
beforeAll(async () => {
  system = await startPrivateSystem({
    OPEN_DIALECTS: '',
    ALLOWED_HOSTS: '',
    CORS_ORIGINS: '',
    METRICS_KEY,
    TRUST_PROXY: '1',
    AUTH_FAILURE_LIMIT: String(FAILURES),
    AUTH_FAILURE_ADDRESS_LIMIT: String(ADDRESS_FAILURES),
    // Refusals are written at every level.
    LOG_LEVEL: 'error',
  });
  owner = await createKey(system, { role: 'owner', workspace: 'audited', name: 'its owner' });
  reader = await createKey(system, { role: 'reader', workspace: 'audited' });
});
afterAll(async () => system?.stop(), 30_000);

const bearer = (key: string): OutgoingHttpHeaders => ({ authorization: `Bearer ${key}` });
const from = (address: string): OutgoingHttpHeaders => ({ 'x-forwarded-for': address });

describe('METRICS_KEY', () => {
  const metrics = async (headers: OutgoingHttpHeaders) => {
    const { status, bytes } = await send('GET', `${system.url}/metrics`, {
      headers: { ...from('10.1.0.1'), ...headers },
    });
    return { status, text: bytes.toString() };
  };

  it('is needed for /metrics, and no other key will do', async () => {
    for (const headers of [
      {},
      bearer('wrong'),
      bearer(`${METRICS_KEY}x`),
      bearer(owner.key),
      bearer(system.ownerKey),
    ]) {
      const { status, text } = await metrics(headers);
      expect(status).toBe(401);
      expect(text).not.toContain('pentaprism_');
    }
    for (const headers of [bearer(METRICS_KEY), { 'x-api-key': METRICS_KEY }]) {
      const { status, text } = await metrics(headers);
      expect(status).toBe(200);
      expect(text).toContain('pentaprism_bus_handled_seconds_count');
    }
  });

  it('opens nothing else', async () => {
    const headers = { ...from('10.1.0.2'), ...bearer(METRICS_KEY) };
    for (const path of ['/keys', '/v1/images', '/api/v2/projects/'])
      expect([path, (await send('GET', system.url + path, { headers })).status]).toEqual([path, 401]);
  });
});

describe('the audit log of a gateway', () => {
  const project = `/customvision/v3.3/training/projects`;
  const asOwner = (method: string, path: string, body?: unknown) =>
    send(method, system.url + path, {
      headers: { ...from('198.51.100.7'), ...bearer(owner.key), 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  it('has one line each for a key made and revoked, a refusal, a role failure and a deleted project', async () => {
    const made = json<ApiKey>(await asOwner('POST', '/keys', { name: 'camera', role: 'editor' }));
    expect((await asOwner('DELETE', `/keys/${made.id}`)).status).toBe(204);
    const { id } = json<{ id: string }>(await asOwner('POST', `${project}?name=audited`));
    expect((await asOwner('DELETE', `${project}/${id}`)).status).toBe(204);
    const wrong = `${owner.id}.${'w'.repeat(43)}`;
    const refused = await send('GET', `${system.url}/keys`, { headers: { ...from('198.51.100.8'), ...bearer(wrong) } });
    expect(refused.status).toBe(401);
    const byReader = { ...from('198.51.100.9'), ...bearer(reader.key) };
    expect((await send('POST', `${system.url}${project}?name=x`, { headers: byReader })).status).toBe(403);

    const known = { workspace: 'audited', traceId: expect.any(String), app: 'gateway', level: 'info' };
    const done = { ...known, who: 'its owner', keyId: owner.id, address: '198.51.100.7', result: 'done' };
    const expected = [
      {
        ...done,
        audit: 'key.create',
        what: 'POST /keys',
        target: expect.objectContaining({ id: made.id }),
        status: 201,
      },
      { ...done, audit: 'key.revoke', what: 'DELETE /keys/:id', target: { id: made.id }, status: 204 },
      { ...done, audit: 'project.delete', target: { projectId: id }, status: 204 },
      {
        ...{ audit: 'key.refuse', who: null, keyId: owner.id, what: 'GET /keys', workspace: null },
        ...{ address: '198.51.100.8', status: 401, result: 'refused' },
      },
      {
        ...{ ...known, audit: 'role.refuse', who: 'reader', keyId: reader.id },
        ...{ address: '198.51.100.9', status: 403, result: 'refused' },
      },
    ];
    await eventually(async () => {
      const log = await logsOf(system);
      const lines = log.split('\n').filter((line) => line.includes('"audit":') && line.includes('198.51.100.'));
      expect(lines.map((line) => JSON.parse(line))).toEqual(expected.map((line) => expect.objectContaining(line)));
      for (const secret of [made.secret, owner.secret, reader.secret, 'wwww']) expect(log.includes(secret)).toBe(false);
    });
  });
});

describe('a request without a key on loopback', () => {
  const get = async (...headers: string[]) => {
    const head = ['GET /v1/images HTTP/1.1', ...headers, 'X-Forwarded-For: 10.3.0.1', 'Connection: close'];
    return (await exchange(system.url, `${head.join('\r\n')}\r\n\r\n`)).status;
  };

  it('is answered for its own host, and to pages of its own', async () => {
    const { host } = new URL(system.url);
    expect(await get(`Host: ${host}`)).toBe(200);
    expect(await get(`Host: localhost:${new URL(system.url).port}`, 'Origin: http://localhost:3000')).toBe(200);
  });

  it('is refused for a foreign host, however it is spelt', async () => {
    expect(await get('Host: evil.example')).toBe(403);
    expect(await get('Host: 127.0.0.1.evil.example')).toBe(403);
    expect(await get('Host: localhost', 'X-Forwarded-Host: evil.example')).toBe(403);
    expect(await get('Host: evil.example', 'X-Forwarded-Host: localhost')).toBe(403);
  });

  it('is refused to a page of a foreign origin', async () => {
    expect(await get('Host: localhost', 'Origin: https://evil.example')).toBe(403);
    expect(await get('Host: localhost', 'Origin: null')).toBe(403);
  });

  it('is not understood with two hosts, or with a foreign one in its target', async () => {
    expect(await get('Host: localhost', 'Host: localhost')).toBe(400);
    expect(await get('Host: localhost', 'Host: evil.example')).toBe(400);
    const target = 'GET http://evil.example/v1/images HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n';
    expect((await exchange(system.url, target)).status).toBeGreaterThanOrEqual(400);
  });

  it('is refused in HTTP/1.0 without a host', async () => {
    const { status } = await exchange(system.url, 'GET /v1/images HTTP/1.0\r\n\r\n');
    expect(status).toBeGreaterThanOrEqual(400);
  });
});

describe('wrong keys', () => {
  const use = async (key: string, address: string) =>
    (await send('GET', `${system.url}/v1/images`, { headers: { ...from(address), ...bearer(key) } })).status;
  const wrongOnes = (count: number) =>
    Array.from({ length: count }, (_, i) => `${i.toString(16).padStart(16, '0')}.${'w'.repeat(43)}`);

  it('of one address do not lock out a key there that was good', async () => {
    const address = '203.0.113.5';
    expect(await use(owner.key, address)).toBe(200);
    for (const key of wrongOnes(ADDRESS_FAILURES)) expect(await use(key, address)).toBe(401);
    expect(await use('new.wrong', address)).toBe(429);
    expect(await use(owner.key, address)).toBe(200);
    // Behind the same proxy.
    expect(await use(reader.key, '203.0.113.6')).toBe(200);
  });

  it('of one key id lock out that id alone', async () => {
    const address = '203.0.113.7';
    const [fresh, other] = [await createKey(system, { role: 'reader' }), await createKey(system, { role: 'reader' })];
    for (let i = 0; i < FAILURES; i++) expect(await use(`${fresh.id}.${'w'.repeat(40)}${i}`, address)).toBe(401);
    expect(await use(`${fresh.id}.wrong`, address)).toBe(429);
    expect(await use(other.key, address)).toBe(200);
  });

  it('are counted for the address that the proxy adds, not for the one that the client writes', async () => {
    const [guess = ''] = wrongOnes(1);
    for (let i = 0; i < FAILURES; i++) expect(await use(guess, `192.0.2.${i}, 203.0.113.8`)).toBe(401);
    expect(await use(guess, '192.0.2.99, 203.0.113.8')).toBe(429);
    // The address whose name was used is not locked out.
    expect(await use(guess, '192.0.2.0')).toBe(401);
  });
});
