import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { deflateSync } from 'node:zlib';
import { brokenJson, CONTROL_CHARACTERS, nested, noPictures, ODD_NAMES } from './support/hostile.js';
import { exchange, json, send, type Answer } from './support/http.js';
import { tinyPng, unknownBytes } from './support/samples.js';
import { sharedSystem, storedBlobs, leftFiles, type ApiKey } from './support/stack.js';
import { errorShape, TaggedImages, urlOf, type ImageRecord } from './support/tagged-images.js';

const system = sharedSystem();
let client: TaggedImages & { apiKey: ApiKey };
beforeAll(async () => {
  client = await TaggedImages.inFreshWorkspace(system);
});

function expectRefusal(answer: Answer, status: number): void {
  expect({ status: answer.status, body: json(answer) }).toEqual({ status, body: errorShape(status) });
}

/** What a refused request could leave behind. */
async function footprint(): Promise<unknown> {
  return {
    total: await client.total(),
    blobs: (await storedBlobs(system, 'originals', client.apiKey.workspace)).sort(),
  };
}

/** Nothing of what `requests` sends remains: no record, no bytes, no tag. */
async function expectNoTrace(requests: () => Promise<void>): Promise<void> {
  const tag = await client.tagId(`before ${Math.random()}`);
  const before = await footprint();
  await requests();
  expect(await footprint()).toEqual(before);
  expect(await client.tagId(`after ${Math.random()}`)).toBe(tag + 1);
}

describe('bytes that are no picture', () => {
  it.each(noPictures())('%s is kept and served as it came', async (_what, bytes) => {
    const record = await client.record(await client.upload(bytes, { filename: 'picture.png' }));
    expect(record.size).toBe(bytes.length);
    const file = await send('GET', urlOf(record));
    expect([file.status, file.bytes.equals(bytes)]).toEqual([200, true]);
  });

  it('are all looked at, and hidden where a picture is needed', async () => {
    const broken = (await client.page()).results;
    // What is waited for was queued after all of the above.
    const picture = await client.record(await client.upload(tinyPng()));
    const library = json<{ id: string }[]>(
      await send('GET', `${system.url}/api/v2/projects/`, { headers: client.authorization }),
    )[0]?.id;
    const asPicture = async (record: ImageRecord) => {
      const id = /originals\/([0-9a-f]{24})/.exec(urlOf(record))?.[1];
      const url = `${system.url}/api/v2/projects/${library}/images/${id}/`;
      return send('GET', url, { headers: client.authorization });
    };
    const isPicture = async () => expect((await asPicture(picture)).status).toBe(200);
    await eventually(isPicture, { timeoutMs: 30_000, everyMs: 200 });
    expect(broken.length).toBeGreaterThan(8);
    for (const record of broken) {
      const answer = await asPicture(record);
      expect([record.size, answer.status]).toEqual([record.size, 404]);
      // Both APIs say why, in the same sentence.
      const { undecodable_reason: reason } = (await client.record(record.id)) as { undecodable_reason?: string };
      expect(reason).toMatch(/^(The|It) .+\.$/);
      expect(json<{ message: string }>(answer).message).toBe(`The image cannot be decoded. ${reason}`);
    }
    expect((await send('GET', `${system.url}/health/ready`)).status).toBe(200);
  });

  it('an empty file is refused', async () => {
    await expectNoTrace(async () => expectRefusal(await client.post('/upload', { image_data: '' }), 400));
  });
});

describe('names', () => {
  const names = { ...ODD_NAMES, 'control characters': CONTROL_CHARACTERS };

  it.each(Object.entries(names))('that are %s come back as they were, as file and as tag', async (_what, name) => {
    const id = await client.upload(unknownBytes(), { filename: name, tags: [name] });
    const record = await client.record(id);
    expect([record.filename, record.tags.map((tag) => tag.name)]).toEqual([name, [name]]);
    expect((await send('GET', urlOf(record))).status).toBe(200);
    expect((await client.page('?limit=1')).results[0]?.filename).toBe(name);
  });

  it('of 4,000 characters are refused', async () => {
    await expectNoTrace(async () => {
      for (const path of ['/upload', '/images']) {
        const [name, data] = ['n'.repeat(4000), { image_data: 'QUJD' }];
        expectRefusal(await client.post(path, { ...data, filename: name, tags: ['new'] }), 400);
        expectRefusal(await client.post(path, { ...data, tags: ['new', name] }), 400);
      }
    });
  });

  it('with NUL are refused as tags, and kept out of everything as files', async () => {
    await expectNoTrace(async () => {
      expectRefusal(await client.post('/upload', { image_data: 'QUJD', tags: ['new', 'a\0b'] }), 400);
    });
    const answer = await client.post('/upload', { image_data: 'QUJD', filename: 'a\0b.png' });
    expect([201, 400]).toContain(answer.status);
    if (answer.status !== 201) return expectRefusal(answer, 400);
    const record = await client.record(json<{ id: number }>(answer).id);
    expect(record.filename).toBe('a\0b.png');
    expect((await send('GET', urlOf(record))).status).toBe(200);
  });

  it('with half of a surrogate pair are refused', async () => {
    await expectNoTrace(async () => {
      for (const field of [
        '"filename":"a\\ud800"',
        '"tags":["\\udfff new"]',
        '"\\ud83d":1',
        '"filename":"\\ude00\\ud83d"',
      ]) {
        expectRefusal(await client.post('/upload', `{"image_data":"QUJD",${field}}`), 400);
      }
    });
    const whole = await client.post('/upload', '{"image_data":"QUJD","filename":"\\ud83d\\ude00"}');
    expect((await client.record(json<{ id: number }>(whole).id)).filename).toBe('😀');
  });

  it('1,000 tags are refused', async () => {
    await expectNoTrace(async () => {
      const tags = Array.from({ length: 1000 }, (_, i) => `tag ${i}`);
      for (const path of ['/upload', '/images']) {
        expectRefusal(await client.post(path, { image_data: 'QUJD', tags }), 400);
      }
    });
  });
});

describe('queries', () => {
  it.each([
    'limit=-1',
    'limit=1e999',
    'limit=%00',
    'limit=٣',
    'page=-9223372036854775808',
    'page=9223372036854775807',
    'page=Infinity',
    'page=%zz',
    'limit=10&limit=20',
    'limit={"$gt":1}',
  ])('?%s is refused', async (query) => {
    expectRefusal(await client.get(`/images?${encodeURI(query).replaceAll('%25', '%')}`), 400);
  });

  it.each([
    'limit[$gt]=1',
    'limit[]=1',
    'page[$ne]=0',
    'start_timestamp[$gt]=2000000000',
    'uploaded_only[$ne]=false',
    'filename[$ne]=x',
    '$where=1',
    '__proto__[limit]=1',
    'constructor.prototype.limit=1',
    'toString=1',
    '&&&=',
  ])('?%s is a parameter that nobody knows, and changes nothing', async (query) => {
    // Compared without the signatures, which differ from second to second.
    const shown = async (more: string) =>
      JSON.stringify(await client.page(`?${more}`)).replaceAll(/\?expires[^"]*/g, '');
    expect(await shown(query)).toBe(await shown(''));
  });
});

describe('bodies', () => {
  const bad: [string, string | Buffer][] = [
    ...brokenJson('{"image_data": "QUJD"}'),
    ['__proto__', '{"image_data": "QUJD", "__proto__": {"tags": ["new"]}}'],
    ['constructor.prototype', '{"image_data": "QUJD", "constructor": {"prototype": {"tags": ["new"]}}}'],
    ['an operator for a name', '{"image_data": "QUJD", "filename": {"$ne": "x"}}'],
    ['an operator for bytes', '{"image_data": {"$gt": ""}}'],
    ['an operator for a tag', '{"image_data": "QUJD", "tags": [{"$ne": "x"}]}'],
  ];

  it.each(bad)('of %s are refused', async (_what, body) => {
    await expectNoTrace(async () => expectRefusal(await client.post('/upload', body), 400));
  });

  it('with 30 levels in what is ignored are taken', async () => {
    expect((await client.post('/images', `{"x": ${nested(30)}}`)).status).toBe(201);
  });

  it('compressed are refused', async () => {
    await expectNoTrace(async () => {
      const body = deflateSync(JSON.stringify({ image_data: 'QUJD' }));
      expectRefusal(await client.post('/upload', body, { 'content-encoding': 'deflate' }), 415);
    });
  });
});

describe('requests that are hardly HTTP', () => {
  const path = '/v1/images';
  const end = () => `Authorization: Bearer ${client.key}\r\nConnection: close\r\n\r\n`;
  const statusOf = async (text: string) => {
    const { status, body } = await exchange(system.url, text);
    expect(JSON.parse(body)).toEqual(errorShape(status));
    return status;
  };

  it.each(['a b', 'x/y', 'x?y', 'x@y', '<script>', 'x:port', 'x:123456', '', 'é', 'a'.repeat(300)])(
    'refuses the host %j',
    async (host) => {
      expect(await statusOf(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${end()}`)).toBe(400);
    },
  );

  it('refuses no host and takes a usual one', async () => {
    expect(await statusOf(`GET ${path} HTTP/1.1\r\n${end()}`)).toBe(400);
    expect((await exchange(system.url, `GET ${path} HTTP/1.1\r\nHost: images.example\r\n${end()}`)).status).toBe(200);
  });

  it.each([
    ['an unknown method', () => `BREW ${path} HTTP/1.1\r\nHost: x\r\n${end()}`],
    ['no method', () => `${path}\r\n\r\n`],
    ['NUL in the path', () => `GET ${path}/\0 HTTP/1.1\r\nHost: x\r\n${end()}`],
    ['two lengths', () => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n${end()}{}`],
    [
      'a length and chunks',
      () => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n${end()}`,
    ],
    ['a negative length', () => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n${end()}`],
    ['a header without a colon', () => `GET ${path} HTTP/1.1\r\nHost: x\r\nnothing\r\n${end()}`],
    ['rubbish', () => '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'.repeat(10)],
  ])('refuses %s', async (_what, text) => {
    expect(await statusOf(text())).toBe(400);
  });

  it('refuses a chunk that is none, after the headers', async () => {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n`;
    expect((await exchange(system.url, `${head}${end()}zz\r\n{}\r\n`)).status).toBe(400);
  });

  it('takes long URLs and headers, and refuses very long ones', async () => {
    const long = `GET ${path}?x=${'a'.repeat(60_000)} HTTP/1.1\r\nHost: x\r\n${end()}`;
    expect((await exchange(system.url, long)).status).toBe(200);
    expect(await statusOf(`GET ${path}?x=${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n${end()}`)).toBe(431);
    expect(await statusOf(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(100_000)}\r\n${end()}`)).toBe(431);
    expectRefusal(await client.get(`/images/${'1'.repeat(5000)}`), 404);
  });

  it.each(['/images/%', '/images/%zz', '/images/%c0%ae', '/images/%ff', '/%', '/images/%u0041'])(
    'refuses the escape in %s',
    async (bad) => {
      const answer = await client.get(bad);
      expect([400, 404]).toContain(answer.status);
      expectRefusal(answer, answer.status);
    },
  );

  it.each(['/../keys', '/images/../../keys', '/images/..%2f..%2fkeys', '/images;x', '/images//', '//images'])(
    'takes %s for no path of its own',
    async (bad) => {
      expectRefusal(await client.get(bad), 404);
    },
  );

  it.each(['PROPFIND', 'TRACE', 'LINK', 'PUT'])('refuses %s', async (method) => {
    expectRefusal(await send(method, `${system.url}${path}`, { headers: client.authorization }), 405);
  });
});

describe('ids of another workspace', () => {
  it('are those of nothing, on every route, in the same words', async () => {
    const other = await TaggedImages.inFreshWorkspace(system);
    // More images than the other has, so that the id is unknown there.
    let hidden = 0;
    for (let i = 0; i < 3; i += 1) hidden = await client.upload(unknownBytes());
    await other.upload(unknownBytes());
    const before = await client.recordOfNoPicture(hidden);
    for (const method of ['GET', 'DELETE', 'HEAD']) {
      const [foreign, unknown] = await Promise.all(
        [hidden, 987_654].map((id) => send(method, `${system.url}/v1/images/${id}`, { headers: other.authorization })),
      );
      expect(foreign?.status).toBe(404);
      expect(foreign?.bytes.toString()).toBe(unknown?.bytes.toString());
    }
    const url = new URL(urlOf(before));
    const foreignUrl = `${url.origin}${url.pathname.replace(client.apiKey.workspace, other.apiKey.workspace)}${url.search}`;
    expect((await send('GET', foreignUrl)).status).toBe(403);
    expect({ ...(await client.record(hidden)), url: '' }).toEqual({ ...before, url: '' });
  });
});

afterAll(async () => {
  // Of all of the above, no part of a file is left; other suites may be uploading at this moment.
  expect(await leftFiles(system)).toEqual([]);
});
