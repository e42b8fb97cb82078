import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError, MAX_IMAGE_URL_LENGTH } from '@pentaprism/domain';
import type { RequestListener } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { UrlImages, type UrlImagesSettings } from './url-images.js';
import { FAILED, outcome, redirect, startServer, startWebServer, type StartedServer } from './web-server.fixture.js';

const MAX = 1000;
const IMAGE = Buffer.alloc(300, 'image');
const TOO_LARGE = {
  code: 'PAYLOAD_TOO_LARGE',
  message: 'The image has more than 1000 bytes.',
  details: { maxBytes: MAX },
};
const LOCAL = { allow: ['127.0.0.1'] };

/** What the server answers; each test has its own. */
let answer: RequestListener;
let server: StartedServer;
/** Where nothing may ever arrive. */
let canary: StartedServer;

beforeEach(async () => {
  answer = (_request, response) => response.end(IMAGE);
  server = await startWebServer((request, response) => answer(request, response));
  canary = await startWebServer((_request, response) => response.end('secret'), '127.0.0.2');
});
afterEach(async () => {
  await Promise.all([server.close(), canary.close()]);
});

const fetchWith = (settings: UrlImagesSettings, url: string, signal?: AbortSignal) =>
  new UrlImages(settings).read(url, { workspace: 'w', maxBytes: MAX, ...(signal ? { signal } : {}) }, buffer);
const fetched = (path = '/', limits: UrlImagesSettings['limits'] = {}) =>
  fetchWith({ ...LOCAL, limits }, server.url + path);

describe('an image at a URL', () => {
  it('is read', async () => {
    expect(await fetched('/a.png?b=c#d')).toEqual(IMAGE);
    expect(server.requests[0]).toMatchObject({ method: 'GET', url: '/a.png?b=c' });
  });

  it.each([0, 1, MAX])('is read when it has %i bytes', async (size) => {
    answer = (_request, response) => response.end(Buffer.alloc(size));
    expect(await fetched()).toHaveLength(size);
    answer = (_request, response) => void response.write(Buffer.alloc(size), () => response.end());
    expect(await fetched()).toHaveLength(size);
  });

  it('is asked for in words that say nothing of who asks', async () => {
    await fetched();
    expect(server.requests[0]?.headers).toMatchObject({
      'user-agent': 'Pentaprism (image import)',
      'accept-encoding': 'identity',
    });
    for (const name of ['cookie', 'authorization', 'referer', 'origin', 'x-forwarded-for', 'via'])
      expect(server.requests[0]?.headers).not.toHaveProperty(name);
  });

  it('is not asked for through a proxy of the environment, and cookies stay with whoever sets them', async () => {
    const before = { ...process.env };
    const proxy = { HTTP_PROXY: canary.url, http_proxy: canary.url, ALL_PROXY: canary.url, NODE_USE_ENV_PROXY: '1' };
    Object.assign(process.env, proxy);
    try {
      answer = ({ url }, response) => {
        response.setHeader('set-cookie', 'a=b; Path=/');
        if (url === '/') redirect(response, '/next');
        else response.end(IMAGE);
      };
      expect(await fetched()).toEqual(IMAGE);
      expect(await fetched()).toEqual(IMAGE);
    } finally {
      process.env = before;
    }
    for (const { headers } of server.requests) expect(headers).not.toHaveProperty('cookie');
    expect(canary.connections()).toBe(0);
  });

  it('leaves nothing open, also when it is not read to its end', async () => {
    answer = (_request, response) => void response.write(IMAGE);
    const first = async (bytes: AsyncIterable<Uint8Array>) => {
      for await (const piece of bytes) return piece.length;
      return 0;
    };
    const images = new UrlImages(LOCAL);
    expect(await images.read(server.url, { workspace: 'w', maxBytes: MAX }, first)).toBe(IMAGE.length);
    expect(await images.read(server.url, { workspace: 'w', maxBytes: MAX }, () => Promise.resolve('nothing'))).toBe(
      'nothing',
    );
    const own = new Error('no room');
    await expect(images.read(server.url, { workspace: 'w', maxBytes: MAX }, () => Promise.reject(own))).rejects.toBe(
      own,
    );
    await closed();
  });
});

describe('a source that is refused', () => {
  it.each([
    'ftp://127.0.0.1/a',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'gopher://127.0.0.1/',
    'blob:http://127.0.0.1/a',
    'javascript:1',
    'http://',
    'http:',
    'no url',
    '',
    '/relative',
    'http://[::1',
    'http://256.256.256.256/',
    'http://127.0.0.1:65536/',
    'http://127.0.0.1:22/',
    `http://127.0.0.1/${'x'.repeat(MAX_IMAGE_URL_LENGTH)}`,
  ])('is one at %s', async (url) => {
    expect(await outcome(fetchWith(LOCAL, url))).toEqual(FAILED);
  });

  it.each(['ann@', 'ann:secret@', ':secret@', '%61@'])('is one for the user %s', async (user) => {
    expect(await outcome(fetchWith(LOCAL, `http://${user}127.0.0.1:${server.port}/`))).toEqual(FAILED);
    expect(server.connections()).toBe(0);
  });

  it.each([204, 206, 304, 400, 401, 403, 404, 410, 418, 429, 500, 503])('answers with status %i', async (status) => {
    answer = (_request, response) => response.writeHead(status).end(status === 304 ? undefined : IMAGE);
    // No content is none of zero bytes, which the blob store refuses.
    expect(await outcome(fetched())).toEqual(status === 204 ? 'fetched' : FAILED);
  });

  it.each(['gzip', 'deflate', 'br', 'zstd', 'gzip, identity', 'unheard-of'])('is encoded as %s', async (encoding) => {
    answer = (_request, response) =>
      response.writeHead(200, { 'content-encoding': encoding }).end(gzipSync(Buffer.alloc(100 * 1024 ** 2)));
    const before = process.memoryUsage().rss;
    expect(await outcome(fetched())).toEqual(FAILED);
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 ** 2);
  });
});

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('of status %i are followed, relative ones too', async (status) => {
    answer = ({ url }, response) => {
      if (url === '/a/b') redirect(response, '../c', status);
      else if (url === '/c') redirect(response, `${server.url}/d`, status);
      else response.end(url);
    };
    expect((await fetched('/a/b')).toString()).toBe('/d');
  });

  it('are followed five times, and not six times', async () => {
    answer = ({ url = '' }, response) => {
      const left = Number(url.slice(1));
      if (left > 0) redirect(response, `/${left - 1}`);
      else response.end(IMAGE);
    };
    expect(await fetched('/5')).toEqual(IMAGE);
    expect(await outcome(fetched('/6'))).toEqual(FAILED);
    answer = (_request, response) => redirect(response, '/');
    const before = server.requests.length;
    expect(await outcome(fetched('/'))).toEqual(FAILED);
    expect(server.requests.length - before).toBe(6);
  });

  it.each([
    'file:///etc/passwd',
    'ftp://127.0.0.1/',
    'data:,x',
    'http://ann:secret@127.0.0.1/',
    'http://[',
    '',
    undefined,
  ])('to %s are refused', async (location) => {
    answer = (_request, response) => redirect(response, location);
    expect(await outcome(fetched())).toEqual(FAILED);
    expect(server.requests).toHaveLength(1);
  });

  it('do not wait for the end of what they say', async () => {
    answer = ({ url }, response) => {
      if (url === '/image') response.end(IMAGE);
      else response.writeHead(302, { location: '/image' }).write('endless');
    };
    expect(await fetched()).toEqual(IMAGE);
    await closed();
  });
});

describe('limits', () => {
  it('of size hold for what is said, and for what comes', async () => {
    answer = (_request, response) => response.writeHead(200, { 'content-length': MAX + 1 }).flushHeaders();
    expect(await outcome(fetched())).toEqual(TOO_LARGE);
    answer = (_request, response) => response.writeHead(200, { 'content-length': '9'.repeat(30) }).flushHeaders();
    expect(['PAYLOAD_TOO_LARGE', 'UPSTREAM_FAILED']).toContain(((await outcome(fetched())) as DomainError).code);
    let sent = 0;
    answer = (_request, response) => {
      const more = () => {
        if (!response.destroyed) response.write(Buffer.alloc(1000), () => ((sent += 1000), setImmediate(more)));
      };
      more();
    };
    expect(await outcome(fetched())).toEqual(TOO_LARGE);
    await closed();
    expect(sent).toBeLessThan(50 * 1024 ** 2);
  });

  it.each([
    ['too little', 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nshorts'],
    ['no number', 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nshort'],
    ['a chunk that is cut', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['nothing', ''],
    ['endless headers', `HTTP/1.1 200 OK\r\n${'X-Header: value\r\n'.repeat(5000)}\r\nshort`],
  ])('take %s for a failure', async (_what, bytes) => {
    const raw = await startServer(createServer((socket) => void socket.once('data', () => socket.end(bytes))));
    try {
      expect(await outcome(fetchWith(LOCAL, raw.url))).toEqual(FAILED);
    } finally {
      await raw.close();
    }
  });

  it('reads no more than the length that is said', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nshort, and more';
    const raw = await startServer(createServer((socket) => void socket.once('data', () => socket.end(bytes))));
    try {
      const result = await fetchWith(LOCAL, raw.url).then(String, ({ code }: DomainError) => code);
      expect(['short', FAILED.code]).toContain(result);
    } finally {
      await raw.close();
    }
  });

  it.each([
    ['says nothing', (socket) => socket.resume()],
    ['drips headers', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\n', 'X-A: b\r\n')],
    ['drips bytes', (socket) => drip(socket, 'HTTP/1.1 200 OK\r\n\r\n', 'x')],
  ] as [string, (socket: Socket) => void][])('of time end a source that %s', async (_what, talk) => {
    const raw = await startServer(createServer(talk));
    try {
      const began = performance.now();
      const limits = { wholeMs: 400 };
      expect(await outcome(fetchWith({ ...LOCAL, limits }, raw.url))).toEqual(FAILED);
      expect(performance.now() - began).toBeLessThan(10_000);
      for (let i = 0; raw.open() > 0 && i < 100; i++) await sleep(20);
      expect(raw.open()).toBe(0);
    } finally {
      await raw.close();
    }
  });

  it('of silence and of the hand-shake end what hangs, long before everything is over', async () => {
    const raw = await startServer(createServer((socket) => socket.resume()));
    try {
      for (const [url, limits] of [
        [raw.url, { silenceMs: 300 }],
        [raw.url.replace('http:', 'https:'), { connectMs: 300 }],
      ] as const) {
        const began = performance.now();
        expect(await outcome(fetchWith({ ...LOCAL, limits }, url))).toEqual(FAILED);
        expect(performance.now() - began).toBeLessThan(10_000);
      }
    } finally {
      await raw.close();
    }
  });

  it('let some in at a time, and the others in their turn', async () => {
    const images = new UrlImages({ ...LOCAL, limits: { atOnce: 3 } });
    let [now, most] = [0, 0];
    answer = (_request, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now -= 1;
        response.end(IMAGE);
      }, 30);
    };
    const read = (signal?: AbortSignal) =>
      images.read(server.url, { workspace: 'w', maxBytes: MAX, ...(signal ? { signal } : {}) }, buffer);
    const giveUp = new AbortController();
    const all = Array.from({ length: 12 }, () => read());
    const waiting = [read(giveUp.signal), read(giveUp.signal)].map(outcome);
    const reason = new DomainError('DEADLINE_EXCEEDED', 'too late');
    giveUp.abort(reason);
    expect(await Promise.all(waiting)).toEqual(Array(2).fill(expect.objectContaining({ message: 'too late' })));
    expect(await Promise.all(all)).toEqual(Array(12).fill(IMAGE));
    expect(most).toBe(3);
    expect(await read()).toEqual(IMAGE);
    expect(server.requests).toHaveLength(13);
  });

  it('leave room for other workspaces while all addresses of one are slow', async () => {
    const images = new UrlImages({ ...LOCAL, limits: { atOnce: 3, atOncePerWorkspace: 2 } });
    const giveUp = new AbortController();
    let slow = 0;
    const twoSlow = new Promise<void>((resolve) => {
      answer = (request, response) => {
        if (request.url !== '/slow') response.end(IMAGE);
        else if (++slow === 2) resolve();
      };
    });
    const read = (workspace: string, path: string) =>
      images.read(new URL(path, server.url).href, { workspace, maxBytes: MAX, signal: giveUp.signal }, buffer);
    const blocked = Array.from({ length: 6 }, () => outcome(read('slow', '/slow')));
    await twoSlow;
    for (let n = 0; n < 3; n++) expect(await read('other', '/fast')).toEqual(IMAGE);
    expect(slow).toBe(2);
    giveUp.abort(new DomainError('DEADLINE_EXCEEDED', 'enough'));
    expect(await Promise.all(blocked)).toEqual(Array(6).fill(expect.objectContaining({ message: 'enough' })));
  });

  it('include those of the caller', async () => {
    answer = (_request, response) => void response.write(IMAGE);
    const reason = new DomainError('DEADLINE_EXCEEDED', 'too late');
    const giveUp = new AbortController();
    const reading = fetchWith(LOCAL, server.url, giveUp.signal);
    setTimeout(() => giveUp.abort(reason), 200);
    await expect(reading).rejects.toBe(reason);
    await expect(fetchWith(LOCAL, server.url, giveUp.signal)).rejects.toBe(reason);
    await closed();
  });
});

function drip(socket: Socket, start: string, piece: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write(piece), 20);
  socket.on('close', () => clearInterval(timer));
}

/** No connection to the server is left. */
async function closed(): Promise<void> {
  for (let i = 0; server.open() > 0 && i < 200; i++) await sleep(20);
  expect(server.open()).toBe(0);
}
