import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import type { OutgoingHttpHeaders } from 'node:http';
import { json, send, type Answer } from './support/http.js';
import { unknownBytes } from './support/samples.js';
import { createKey, freshWorkspace, logsOf, metricLines, sharedSystem, type ApiKey } from './support/stack.js';
import { TaggedImages } from './support/tagged-images.js';

const system = sharedSystem();
const bearer = (key: string): OutgoingHttpHeaders => ({ authorization: `Bearer ${key}` });

function keys(method: string, headers: OutgoingHttpHeaders, body?: unknown, id = ''): Promise<Answer> {
  return send(method, `${system.url}/keys${id && `/${id}`}`, {
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

/** The error shape of Pentaprism's own API. */
function expectRefusal(answer: Answer, status: number, error: string): void {
  expect({ status: answer.status, body: json(answer) }).toEqual({
    status,
    body: { code: status, error, message: expect.any(String), details: expect.any(Object) },
  });
}

let owner: ApiKey;
let editor: ApiKey;
let reader: ApiKey;
beforeAll(async () => {
  const workspace = freshWorkspace();
  owner = await createKey(system, { workspace, role: 'owner', name: 'its owner' });
  editor = await createKey(system, { workspace, role: 'editor' });
  reader = await createKey(system, { workspace, role: 'reader' });
});

describe('/keys', () => {
  it('makes a key whose secret is in that answer and in no other', async () => {
    const answer = await keys('POST', bearer(owner.key), { name: 'camera', role: 'editor' });
    expect(answer.status).toBe(201);
    const key = json<ApiKey>(answer);
    expect(key).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      // 256 random bits.
      secret: expect.stringMatching(/^[\w-]{43}$/),
      key: `${key.id}.${key.secret}`,
      name: 'camera',
      role: 'editor',
      workspace: owner.workspace,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      createdBy: 'its owner',
    });
    expect(Math.abs(Date.parse(key.createdAt) - Date.now())).toBeLessThan(60_000);
    const list = await keys('GET', bearer(owner.key));
    expect(list.status).toBe(200);
    for (const secret of [key.secret, owner.secret, reader.secret]) expect(list.bytes.toString()).not.toContain(secret);
    const shown = json<{ keys: object[] }>(list).keys.find((each) => (each as ApiKey).id === key.id);
    const { secret: _secret, key: _key, ...visible } = key;
    expect(shown).toEqual(visible);
  });

  it('lists the keys of the workspace alone, oldest first', async () => {
    await createKey(system, { name: 'of elsewhere' });
    const { keys: list } = json<{ keys: ApiKey[] }>(await keys('GET', bearer(owner.key)));
    expect(list.slice(0, 3).map(({ id }) => id)).toEqual([owner.id, editor.id, reader.id]);
    expect(new Set(list.map(({ workspace }) => workspace))).toEqual(new Set([owner.workspace]));
  });

  it.each([
    ['no name', { role: 'editor' }],
    ['an empty name', { name: '', role: 'editor' }],
    ['a long name', { name: 'n'.repeat(101), role: 'editor' }],
    ['no role', { name: 'x' }],
    ['another role', { name: 'x', role: 'admin' }],
    ['an unknown property', { name: 'x', role: 'reader', expires: 5 }],
    ['an operator', { name: { $ne: '' }, role: 'reader' }],
    ['a workspace that is a path', { name: 'x', role: 'reader', workspace: '../default' }],
    ['a workspace in capitals', { name: 'x', role: 'reader', workspace: 'Default' }],
    ['an array', []],
    ['broken JSON', '{"name": '],
  ])('refuses a key with %s', async (_what, body) => {
    expectRefusal(await keys('POST', bearer(system.ownerKey), body), 400, 'INVALID_ARGUMENT');
  });

  it('revokes a key, which stops within the time for which gateways cache it', async () => {
    const key = await createKey(system, { workspace: owner.workspace });
    const use = () => send('GET', `${system.url}/v1/images`, { headers: bearer(key.key) });
    expect((await use()).status).toBe(200);
    const revoked = await keys('DELETE', bearer(owner.key), undefined, key.id);
    expect([revoked.status, revoked.bytes.length]).toEqual([204, 0]);
    const since = Date.now();
    await eventually(async () => expect((await use()).status).toBe(401), { timeoutMs: 7000, everyMs: 200 });
    expect(Date.now() - since).toBeLessThan(7000);
    expectRefusal(await keys('DELETE', bearer(owner.key), undefined, key.id), 404, 'NOT_FOUND');
  });

  it('knows no key of another workspace', async () => {
    const foreign = await createKey(system, {});
    expectRefusal(await keys('DELETE', bearer(owner.key), undefined, foreign.id), 404, 'NOT_FOUND');
    expectRefusal(await keys('DELETE', bearer(owner.key), undefined, 'x'.repeat(400)), 404, 'NOT_FOUND');
    expect((await send('GET', `${system.url}/v1/images`, { headers: bearer(foreign.key) })).status).toBe(200);
  });

  it('does not revoke the key of the installation', async () => {
    const { keys: list } = json<{ keys: ApiKey[] }>(await keys('GET', bearer(system.ownerKey)));
    const first = list.find(({ createdBy }) => createdBy === 'installation')?.id ?? '';
    expectRefusal(await keys('DELETE', bearer(system.ownerKey), undefined, first), 409, 'FAILED_PRECONDITION');
    expect((await keys('GET', bearer(system.ownerKey))).status).toBe(200);
  });

  it('lets an owner name no other workspace, unless of the default one', async () => {
    for (const workspace of ['default', freshWorkspace()]) {
      const answer = await keys('POST', bearer(owner.key), { name: 'x', role: 'reader', workspace });
      expectRefusal(answer, 403, 'PERMISSION_DENIED');
    }
    const own = await keys('POST', bearer(owner.key), { name: 'x', role: 'reader', workspace: owner.workspace });
    expect(own.status).toBe(201);
  });
});

describe('roles', () => {
  it('let a reader only read', async () => {
    const client = new TaggedImages(system.url, reader.key);
    const id = await new TaggedImages(system.url, editor.key).upload(unknownBytes());
    expect((await client.get('/images')).status).toBe(200);
    expect((await client.record(id)).created_by).toBe('editor');
    for (const answer of [
      await client.post('/images', {}),
      await client.post('/upload', { image_data: 'QUJD' }),
      await client.delete(`/images/${id}`),
    ]) {
      expect([answer.status, json(answer)]).toEqual([403, { code: 403, message: expect.any(String) }]);
    }
    expect((await client.get(`/images/${id}`)).status).toBe(200);
  });

  it('keep /keys for owners', async () => {
    for (const { key } of [reader, editor]) {
      expectRefusal(await keys('GET', bearer(key)), 403, 'PERMISSION_DENIED');
      expectRefusal(await keys('POST', bearer(key), { name: 'x', role: 'owner' }), 403, 'PERMISSION_DENIED');
      expectRefusal(await keys('DELETE', bearer(key), undefined, reader.id), 403, 'PERMISSION_DENIED');
    }
    expectRefusal(await keys('GET', {}), 401, 'UNAUTHENTICATED');
    expect((await keys('GET', {})).headers['www-authenticate']).toBe('Bearer');
  });
});

describe('a key', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const spellings: [string, (key: ApiKey) => OutgoingHttpHeaders][] = [
    ['Bearer', ({ key }) => ({ authorization: `Bearer ${key}` })],
    ['bearer, with blanks', ({ key }) => ({ authorization: `bearer   ${key} ` })],
    ['Token', ({ key }) => ({ authorization: `Token ${key}` })],
    ['nothing else', ({ key }) => ({ authorization: key })],
    ['Basic id:secret', ({ id, secret }) => ({ authorization: basic(`${id}:${secret}`) })],
    ['Basic :key', ({ key }) => ({ authorization: basic(`:${key}`) })],
    ['Basic any:key', ({ key }) => ({ authorization: basic(`anybody:${key}`) })],
    ['X-Api-Key', ({ key }) => ({ 'x-api-key': key })],
    ['Training-Key', ({ key }) => ({ 'Training-Key': key })],
    ['Prediction-Key', ({ key }) => ({ 'Prediction-Key': key })],
  ];

  it.each(spellings)('is taken as %s', async (_what, headers) => {
    const { keys: list } = json<{ keys: ApiKey[] }>(await keys('GET', headers(owner)));
    expect(list[0]?.id).toBe(owner.id);
  });

  it('is refused in the same words, whatever is wrong with it', async () => {
    const wrong = [
      { ...owner, secret: editor.secret, key: `${owner.id}.${editor.secret}` },
      { ...owner, id: '0'.repeat(16), key: `${'0'.repeat(16)}.${owner.secret}` },
      { ...owner, secret: 'x', key: `${owner.id}.x` },
      { ...owner, secret: owner.secret.toUpperCase(), key: `${owner.id}.${owner.secret.toUpperCase()}` },
      { ...owner, secret: 'k'.repeat(5000), key: 'k'.repeat(5000) },
    ];
    const answers = new Set<string>();
    for (const [i, key] of wrong.entries()) {
      // Not all of all: a hundred failures in ten seconds, and the address is shut out for other suites too.
      for (const [, headers] of i === 0 ? spellings : spellings.filter(([what]) => /^Bearer|^Basic id/.test(what))) {
        const answer = await keys('GET', headers(key));
        expectRefusal(answer, 401, 'UNAUTHENTICATED');
        expect(answer.headers['www-authenticate']).toBe('Bearer');
        answers.add(answer.bytes.toString());
      }
    }
    expect(answers.size).toBe(1);
  });

  it.each(['Bearer', 'Basic', 'Basic !!!', 'Bearer {"$ne":""}', 'Digest x', 'Bearer \u00e9', ','])(
    'is not %j, and an open dialect does not take that for none',
    async (authorization) => {
      for (const path of ['/keys', '/v1/images']) {
        const answer = await send('GET', `${system.url}${path}`, { headers: { authorization } });
        expect([path, answer.status]).toEqual([path, 401]);
      }
    },
  );

  it('is in no log, whether right or wrong', async () => {
    const wrong = `${owner.id}.${'w'.repeat(43)}`;
    await keys('GET', bearer(wrong));
    await send('GET', `${system.url}/keys?key=${owner.key}`, { headers: { 'x-api-key': owner.key } });
    await keys('POST', bearer(owner.key), { name: 'x', role: 'nobody', secret: owner.secret });
    const logs = await logsOf(system);
    expect(logs).toContain('"app":"gateway"');
    for (const secret of [owner.secret, editor.secret, system.ownerKey.split('.').at(-1) ?? '', 'w'.repeat(43)]) {
      expect(secret.length).toBeGreaterThan(15);
      expect(logs.includes(secret)).toBe(false);
    }
  });
});

describe('what needs no key', () => {
  it('health', async () => {
    const live = await send('GET', `${system.url}/health/live`);
    expect([live.status, json(live)]).toEqual([200, { status: 'ok' }]);
    const ready = await send('GET', `${system.url}/health/ready`);
    const body = json<{ status: string; missing: unknown[]; parts: { name: string; ok: boolean }[] }>(ready);
    expect([ready.status, body.status, body.missing]).toEqual([200, 'ok', []]);
    expect(body.parts.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'catalog',
        'tagging',
        'training-ingest',
        'worker',
        'catalog: mongodb',
        'gateway: blob store',
      ]),
    );
    expect(body.parts.every(({ ok }) => ok)).toBe(true);
  });

  it('metrics of HTTP by dialect and route, of bus calls, jobs and queues', async () => {
    const client = new TaggedImages(system.url, editor.key);
    const id = await client.upload(unknownBytes());
    await client.record(id);
    await client.get('/unheard-of');
    await eventually(
      async () => {
        const lines = await metricLines(system, 'pentaprism_');
        const count = (...parts: string[]) => lines.filter((line) => parts.every((part) => line.includes(part))).length;
        const http = (method: string, route: string, status: number) =>
          count(
            'http_request_seconds_count',
            'dialect="tagged-images"',
            `method="${method}"`,
            `route="${route}"`,
            `status="${status}"`,
          );
        expect(http('POST', '/v1/upload', 201)).toBe(1);
        expect(http('GET', '/v1/images/:id', 200)).toBe(1);
        expect(http('GET', 'unmatched', 404)).toBe(1);
        expect(count('bus_call_seconds_count', 'subject="catalog.v1.image.get"', 'outcome="ok"')).toBeGreaterThan(0);
        expect(count('bus_handled_seconds_count', 'subject="catalog.v1.image.create"')).toBeGreaterThan(0);
        expect(count('jobs_finished_total', 'type="content.analyse"')).toBeGreaterThan(0);
        expect(count('job_seconds_count', 'type="content.analyse"')).toBeGreaterThan(0);
        expect(count('queue_jobs', 'queue="analysis"')).toBeGreaterThan(0);
        // Neither ids nor paths of clients become labels.
        expect(count(`/v1/images/${id}`) + count('unheard-of')).toBe(0);
      },
      { timeoutMs: 30_000, everyMs: 500 },
    );
  });

  it('the address itself leads to the documentation', async () => {
    const answer = await fetch(system.url, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/docs']);
  });

  it.each(['tagged-images', 'admin'])('the OpenAPI document of %s', async (dialect) => {
    const answer = await send('GET', `${system.url}/docs/${dialect}/openapi.json`);
    expect([answer.status, answer.headers['content-type']]).toEqual([200, expect.stringMatching(/^application\/json/)]);
    const { openapi, paths } = json<{ openapi: string; paths: Record<string, object> }>(answer);
    expect(openapi).toMatch(/^3\./);
    const shown = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m} ${path}`));
    const expected = {
      'tagged-images': [
        'post /v1/upload',
        'get /v1/images',
        'post /v1/images',
        'get /v1/images/{id}',
        'put /v1/images/{id}',
        'delete /v1/images/{id}',
        'get /v1/tags',
        'post /v1/tags',
        'get /v1/tags/{id}',
        'put /v1/tags/{id}',
        'delete /v1/tags/{id}',
        'get /v1/tags/{id}/images',
        'get /v1/search/images',
      ],
      admin: ['get /keys', 'post /keys', 'delete /keys/{id}', 'get /health/live', 'get /health/ready', 'get /metrics'],
    }[dialect];
    expect(shown.sort()).toEqual(expected?.sort());
  });

  it('a page that shows them', async () => {
    for (const path of ['/docs', '/docs/']) {
      const answer = await send('GET', `${system.url}${path}`);
      expect([answer.status, answer.headers['content-type']]).toEqual([200, expect.stringMatching(/^text\/html/)]);
    }
    const script = await send('GET', `${system.url}/docs/swagger-ui-init.js`);
    expect(script.status).toBe(200);
    expect(script.bytes.toString()).toContain('/docs/tagged-images/openapi.json');
    expect((await send('GET', `${system.url}/docs/swagger-ui-bundle.js`)).status).toBe(200);
  });
});
