import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { brokenJson, CONTROL_CHARACTERS, nested, ODD_NAMES } from './support/hostile.js';
import { codeOf, expectVisionRefusal, HostileVision, PUBLISHED } from './support/hostile-vision.js';
import { exchange, json, send, type SendOptions } from './support/http.js';
import { toForm, toXml } from './support/model-encodings.js';
import { tinyPng } from './support/samples.js';
import { sharedSystem } from './support/stack.js';
import { NOTHING, TRAINING_V1 } from './support/vision-operations.js';
import { TRAINING } from './support/vision.js';

jest.setTimeout(180_000);

/** Requests to Custom Vision that are malformed, or would be harmful if somebody took them for more than data. */
const system = sharedSystem();
let vision: HostileVision;
let tag: string;
let image: string;
beforeAll(async () => {
  vision = await HostileVision.start(system, false);
  tag = vision.project.tags.get('disc') ?? '';
  [{ id: image }] = await vision.project.get<[{ id: string }]>(`/images/tagged?tagIds=${tag}`);
});

const encoded = (type: string, body: string | Buffer): SendOptions => ({ headers: { 'content-type': type }, body });
const FORM = 'application/x-www-form-urlencoded';

/** Everything that takes a model, with one that it takes, or that fails for what it asks for only. */
const MODELS: [title: string, method: string, path: () => string, model: () => object][] = [
  ['files', 'POST', () => `${vision.v1}/images/files`, () => ({ images: [{ name: 'a', contents: 'QUJD' }] })],
  ['files of v3', 'POST', () => `${vision.v3}/images/files`, () => ({ images: [{ name: 'a', contents: 'QUJD' }] })],
  ['URLs', 'POST', () => `${vision.v1}/images/urls`, () => ({ images: [{ url: 'http://127.0.0.1:1/' }] })],
  ['predictions', 'POST', () => `${vision.v3}/images/predictions`, () => ({ images: [{ id: NOTHING }] })],
  ['taggings', 'POST', () => `${vision.v1}/images/tags`, () => ({ tags: [{ imageId: image, tagId: tag }] })],
  ['a project', 'PATCH', () => vision.v3, () => ({ description: 'new' })],
  ['a tag', 'PATCH', () => `${vision.v1}/tags/${tag}`, () => ({ description: 'new' })],
  ['an iteration', 'PATCH', () => `${vision.v1}/iterations/${NOTHING}`, () => ({ name: 'new' })],
  ['a query', 'POST', () => `${vision.v3}/predictions/query`, () => ({ application: 'new' })],
  ['a training', 'POST', () => `${vision.v3}/train`, () => ({ selectedTags: [tag] })],
  ['a quick test', 'POST', () => `${vision.v3}/quicktest/url`, () => ({ url: 'http://127.0.0.1:1/' })],
  ['a prediction', 'POST', () => `${vision.predictV1}/url`, () => ({ url: 'http://127.0.0.1:1/' })],
  ['a prediction of v3', 'POST', () => `${vision.classifyV3}/url`, () => ({ url: 'http://127.0.0.1:1/' })],
];

const ENTITIES = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>';
function brokenXml(whole: string): [string, string | Buffer][] {
  return [
    ['a DOCTYPE', `<!DOCTYPE x>${whole}`],
    ['entities', `${ENTITIES}<x>&b;&f;</x>`],
    ['an unknown entity', '<x>&nbsp;</x>'],
    ['a cut end', whole.slice(0, -2)],
    ['crossed elements', '<a><b></a></b>'],
    ['two roots', whole + whole],
    ['100,000 levels', '<a>'.repeat(100_000)],
    ['40 levels', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`],
    ['20,000 elements', `<a>${'<b/>'.repeat(20_000)}</a>`],
    ['NUL', '<a>\0</a>'],
    ['NUL as a number', '<a>&#0;</a>'],
    ['text alone', 'text'],
    ['JSON', '{"a":1}'],
    ['invalid UTF-8', Buffer.concat([Buffer.from('<a>'), Buffer.from([0xff]), Buffer.from('</a>')])],
    ['a cut UTF-8 sequence', Buffer.concat([Buffer.from('<a>'), Buffer.from([0xe2, 0x82])])],
    ['UTF-16', Buffer.from(`\ufeff${whole}`, 'utf16le')],
  ];
}
function brokenForm(whole: string): [string, string | Buffer][] {
  return [
    ['an escape that is none', `${whole}&x=%zz`],
    ['a cut escape', `${whole}&x=%e2%82`],
    ['bytes that are no UTF-8', `${whole}&x=%ff`],
    ['raw bytes', Buffer.concat([Buffer.from(`${whole}&x=`), Buffer.from([0xff])])],
    ['a deep name', `${whole}&${'a.'.repeat(200)}=1`],
    ['20,000 names', `${whole}&${'a=1&'.repeat(20_000)}`],
    ['a far place', `${whole}&images[99999999].name=x`],
  ];
}

describe.each(MODELS)('a body of %s', (_title, method, path, model) => {
  const refused = async (type: string, bodies: [string, string | Buffer][]) => {
    await vision.expectNoTrace(async () => {
      for (const [what, body] of bodies) {
        const answer = await vision.send(method, path(), encoded(type, body));
        expect([what, answer.status, codeOf(answer)]).toEqual([what, 400, 'BadRequest']);
        expectVisionRefusal(answer, path(), { status: 400, code: 'BadRequest' });
      }
    });
  };

  it('is refused as broken JSON', () => refused('application/json', brokenJson(JSON.stringify(model()))));
  it('is refused as broken XML', () => refused('application/xml', brokenXml(toXml(model()))));
  it('is refused as a broken form', () => refused(FORM, brokenForm(toForm(model()))));

  it('is refused in other types, and packed', async () => {
    await vision.expectNoTrace(async () => {
      const text = JSON.stringify(model());
      for (const type of [
        'text/plain',
        'application/octet-stream',
        'multipart/form-data; boundary=x',
        'image/png',
        'x',
      ])
        expectVisionRefusal(await vision.send(method, path(), encoded(type, text)), path(), {
          status: 415,
          code: 'UnsupportedMediaType',
        });
      for (const encoding of ['gzip', 'identity, br']) {
        const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
        const answer = await vision.send(method, path(), { headers, body: gzipSync(text) });
        expectVisionRefusal(answer, path(), { status: 415, code: 'UnsupportedMediaType' });
      }
    });
  });

  it('is refused with other things where texts, lists and ids belong', async () => {
    await vision.expectNoTrace(async () => {
      const text = JSON.stringify(model());
      for (const odd of ['{"$ne":""}', '[[]]', '{}', '["a",{"$gt":""}]', 'true', '7']) {
        const answer = await vision.send(method, path(), vision.json(text.replace(/:(".*?"|\[.*\])/, `:${odd}`)));
        expectVisionRefusal(answer, path());
        expect([odd, answer.status]).toEqual([odd, odd === '{}' && answer.status === 404 ? 404 : 400]);
      }
      for (const whole of ['[]', '"x"', '7', 'true']) {
        const answer = await vision.send(method, path(), vision.json(whole));
        expectVisionRefusal(answer, path(), { status: 400 });
      }
    });
  });
});

describe('names of prototypes and operators in bodies', () => {
  it.each(['{"__proto__":{"name":"x"}}', '{"constructor":{"prototype":{"name":"x"}}}', '{"$set":{"name":"x"}}'])(
    '%s means nothing',
    async (body) => {
      await vision.expectNoTrace(async () => {
        expect((await vision.send('PATCH', `${vision.v3}/tags/${tag}`, vision.json(body))).status).toBe(200);
        const asForm = encoded(FORM, '__proto__.name=x&constructor[prototype][name]=x&__proto__=x');
        expect((await vision.send('PATCH', `${vision.v3}/tags/${tag}`, asForm)).status).toBe(200);
      });
    },
  );

  it('30 levels of what is ignored are taken', async () => {
    const answer = await vision.send('POST', `${vision.v3}/predictions/query`, vision.json(`{"x":${nested(30)}}`));
    expect(answer.status).toBe(200);
  });
});

describe('names', () => {
  const IN_NO_XML = [CONTROL_CHARACTERS, 'a\0b'];
  const patches: [string, (name: string) => SendOptions][] = [
    ['JSON', (name) => vision.json({ name })],
    ['XML', (name) => encoded('text/xml', toXml({ Name: name }))],
    ['a form', (name) => encoded(FORM, toForm({ name }))],
  ];

  it.each(Object.entries(ODD_NAMES))('that are %s come back as they were', async (_what, name) => {
    const create = (path: string) => vision.send('POST', `${path}?name=${encodeURIComponent(name)}`);
    const [project, made] = [await create(`${TRAINING}/projects`), await create(`${vision.v3}/tags`)];
    for (const [where, answer] of [
      [`${TRAINING}/projects`, project],
      [`${vision.v3}/tags`, made],
    ] as const) {
      const { id, name: called } = json<{ id: string; name: string }>(answer);
      expect(called).toBe(name);
      for (const [, patch] of patches) {
        expect((await vision.send('PATCH', `${where}/${id}`, { ...patch('other') })).status).toBe(200);
        expect(json(await vision.send('PATCH', `${where}/${id}`, patch(name)))).toMatchObject({ name });
      }
      expect((await vision.send('DELETE', `${where}/${id}`)).status).toBe(204);
    }
  });

  it.each([...IN_NO_XML, '\u0085', '', '   ', 'n'.repeat(4000)])('%j is none', async (name) => {
    await vision.expectNoTrace(async () => {
      const codes = [
        [TRAINING_V1, `${TRAINING_V1}/projects`, vision.v1, 'BadRequestProjectName'],
        [TRAINING, `${vision.v3}/tags`, `${vision.v3}/tags/${tag}`, 'BadRequestTagName'],
      ] as const;
      for (const [, collection, one, code] of codes) {
        const path = `${collection}?name=${encodeURIComponent(name)}`;
        expectVisionRefusal(await vision.send('POST', path), path, { status: 400, code });
        for (const [, patch] of patches.filter(([how]) => how !== 'XML' || !IN_NO_XML.includes(name)))
          expectVisionRefusal(await vision.send('PATCH', one, patch(name)), one, { status: 400, code });
      }
    });
  });

  it('of publications are no paths', async () => {
    for (const name of ['..%2f..', '%00', '%', 'a%0d%0ab', '__proto__', '{}', 'n'.repeat(400), '%ff', PUBLISHED]) {
      const path = `/customvision/v3.1/prediction/${vision.project.id}/classify/iterations/${encodeURI(name).replaceAll('%25', '%')}/image`; // prettier-ignore
      const answer = await vision.send('POST', path, vision.bytes(tinyPng()));
      expectVisionRefusal(answer, path);
      expect([name, [400, 404].includes(answer.status)]).toEqual([name, true]);
    }
  });
});

describe('queries', () => {
  const bad: [path: string, code: string][] = [
    ...['-1', '257', '999999999999999'].map((take): [string, string] => [`/images/tagged?take=${take}`, 'BadRequestExceededBatchSize']), // prettier-ignore
    ...['1e999', 'x', '٣', '%00', '1.5', '{"$gt":1}', '1&take=2'].map((take): [string, string] => [`/images/tagged?take=${encodeURI(take).replaceAll('%25', '%')}`, 'BadRequest']), // prettier-ignore
    ['/images/untagged?skip=-1', 'BadRequestExceededBatchSize'],
    ['/images/untagged?orderBy=%24where', 'BadRequest'],
    ['/images/untagged?iterationId=%00', 'BadRequestInvalidIds'],
    ['/images/tagged?tagIds=a,b', 'BadRequestInvalidIds'],
    [`/images/tagged?tagIds=${Array(21).fill(NOTHING).join()}`, 'BadRequestExceededBatchSize'],
    [`/iterations/${NOTHING}/performance?threshold=NaN`, 'BadRequest'],
    [`/iterations/${NOTHING}/performance?threshold=2`, 'BadRequest'],
    ['/tags?iterationId=../x', 'BadRequestInvalidIds'],
    [`/tags/${NOTHING}?iterationId=%ff`, 'BadRequestInvalidIds'],
  ];
  it.each(bad)('%s is refused', async (path, code) => {
    for (const base of [vision.v1, vision.v3])
      expectVisionRefusal(await vision.send('GET', base + path), base + path, { status: 400, code });
  });

  it.each([
    ['DELETE', '/images?imageIds=x', 'BadRequestInvalidIds'],
    ['DELETE', '/images', 'BadRequestRequiredParamIsNull'],
    ['DELETE', `/images/tags?imageIds=${NOTHING}`, 'BadRequestRequiredParamIsNull'],
    ['DELETE', '/predictions?ids=%00', 'BadRequestInvalidIds'],
    ['DELETE', '/predictions', 'BadRequestRequiredParamIsNull'],
    ['POST', '/images?tagIds=%00', 'BadRequestInvalidIds'],
    ['POST', '/tags', 'BadRequestRequiredParamIsNull'],
    ['POST', '/quicktest/image?iterationId=x', 'BadRequestInvalidIds'],
    ['POST', `/iterations/${NOTHING}/export`, 'BadRequestRequiredParamIsNull'],
  ])('%s %s is refused', async (method, path, code) => {
    await vision.expectNoTrace(async () => {
      for (const base of [vision.v1, vision.v3]) {
        const answer = await vision.send(method, base + path, method === 'POST' ? vision.bytes(tinyPng()) : {});
        expectVisionRefusal(answer, base + path, { status: 400, code });
      }
    });
  });

  it.each([
    'take[$gt]=1',
    '$where=1',
    '__proto__[take]=1',
    'constructor.prototype.take=1',
    'toString=1',
    '&&&=',
    'tagIds=',
  ])('?%s is a parameter that nobody knows, and changes nothing', async (query) => {
    const shown = async (more: string) =>
      JSON.stringify(await vision.project.get(`/images/tagged?${more}`)).replaceAll(/\?[^"]*/g, '');
    expect(await shown(query)).toBe(await shown(''));
  });
});

describe('ids in paths', () => {
  const ids = ['1', 'x', '%00', '%ff', '..', '%2e%2e%2f', '{}', '__proto__', '$where', '0'.repeat(24), 'a'.repeat(5000), NOTHING]; // prettier-ignore

  it('that are none are refused on every route', async () => {
    const document = json<{ paths: Record<string, Record<string, unknown>> }>(
      await send('GET', `${system.url}/docs/custom-vision/openapi.json`),
    );
    const places = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).flatMap((method) =>
        [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter = '']) => ({ method, path, parameter })),
      ),
    );
    expect(places.length).toBeGreaterThan(100);
    await vision.expectNoTrace(async () => {
      for (const { method, path, parameter } of places)
        for (const id of ids) {
          const known: Record<string, string> = { projectId: vision.project.id, tagId: tag, [parameter]: id };
          const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => known[name] ?? NOTHING);
          const answer = await vision.send(method.toUpperCase(), url, method === 'get' ? {} : { headers: { 'content-type': 'application/json' } }); // prettier-ignore
          const right = [400, 404, 405, 415].includes(answer.status);
          expect([method, url.slice(0, 200), answer.status, right]).toEqual([method, url.slice(0, 200), answer.status, true]); // prettier-ignore
          expectVisionRefusal(answer, url);
        }
    });
  });
});

describe('uploads that are hardly forms', () => {
  const PART = '--b\r\nContent-Disposition: form-data; name="imageData"\r\n\r\n';
  it.each([
    ['no boundary', 'multipart/form-data', `${PART}x\r\n--b--\r\n`, 400],
    ['an empty body', 'multipart/form-data; boundary=b', '', 400],
    ['no parts', 'multipart/form-data; boundary=b', '--b--\r\n', 400],
    ['no end', 'multipart/form-data; boundary=b', `${PART}x`, 400],
    ['another boundary', 'multipart/form-data; boundary=c', `${PART}x\r\n--b--\r\n`, 400],
    ['65 parts', 'multipart/form-data; boundary=b', `${`${PART}x\r\n`.repeat(65)}--b--\r\n`, 400],
    ['another type', 'multipart/mixed; boundary=b', `${PART}x\r\n--b--\r\n`, 415],
    ['JSON', 'application/json', '{}', 415],
    ['no type', '', 'x', 415],
  ])('as %s are refused', async (_what, type, body, status) => {
    await vision.expectNoTrace(async () => {
      for (const path of [`${vision.v3}/images`, `${vision.v1}/images`, `${vision.v3}/quicktest/image`])
        expectVisionRefusal(await vision.send('POST', path, encoded(type, body)), path, { status });
    });
    await vision.expectNoTemporaryFiles();
  });

  it('packed are refused', async () => {
    await vision.expectNoTrace(async () => {
      for (const path of [`${vision.v1}/images`, `${vision.v3}/quicktest/image`, `${vision.predictV1}/image`]) {
        const headers = { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' };
        const answer = await vision.send('POST', path, { headers, body: gzipSync(tinyPng()) });
        expectVisionRefusal(answer, path, { status: 415, code: 'UnsupportedMediaType' });
      }
    });
  });
});

describe('requests that are hardly HTTP', () => {
  it.each([
    [
      'a chunk that is none',
      () => `POST ${vision.v1}/images/tags`,
      'Content-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
    ['a header without a colon', () => `GET ${vision.v1}/tags`, 'nothing\r\n\r\n'],
    ['two lengths', () => `POST ${vision.v1}/train`, 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
  ])('%s is answered in the words of this API', async (_what, title, rest) => {
    const head = `${title()} HTTP/1.1\r\nHost: x\r\nTraining-Key: ${vision.key.key}\r\nConnection: close\r\n`;
    const { status, body } = await exchange(system.url, head + rest);
    expect([status, JSON.parse(body)]).toEqual([400, { Code: 'BadRequest', Message: expect.any(String) }]);
  });
});
