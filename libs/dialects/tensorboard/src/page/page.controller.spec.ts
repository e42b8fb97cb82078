import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import fastify, { type FastifyInstance } from 'fastify';
import { zipSync } from 'fflate';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { canonicalPageUrl } from './page-address.js';
import { PageController } from './page.controller.js';
import { UNFIT_MS, WebFiles } from './web-files.js';

const INDEX = Buffer.from('<!doctype html><title>TensorBoard</title>');
const SCRIPT = Buffer.from('var x = 1;\n'.repeat(100));
const FILES = { 'index.html': INDEX, 'index.js': SCRIPT, fonts: { 'a.woff2': SCRIPT } };

describe('the page', () => {
  let directory: string;
  let archive: string;
  let server: FastifyInstance;
  let problems: string[];
  let now: number;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    archive = path.join(directory, 'webfiles.zip');
    problems = [];
    now = 0;
    serve(archive);
  });
  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function serve(file: string | undefined): void {
    const controller = new PageController(
      new WebFiles(
        file,
        (problem) => problems.push(problem),
        () => now,
      ),
    );
    server = fastify({
      rewriteUrl: ({ url = '/' }) => canonicalPageUrl(url) ?? url,
      routerOptions: { ignoreTrailingSlash: true },
    });
    server.setErrorHandler((error, _request, reply) => reply.status(DomainError.is(error) ? 499 : 500).send(error));
    server.get('/tensorboard', (request, reply) => controller.page(request, reply));
    server.get('/tensorboard/*', (request, reply) => controller.file(request, reply));
  }
  const get = (url: string, encoding = 'gzip') => server.inject({ url, headers: { 'accept-encoding': encoding } });

  it.each([
    ['/tensorboard/', './'],
    ['/tensorboard/index.html', './'],
    ['/tensorboard/experiment/a%2Fb/', '../../'],
    ['/tensorboard/experiment//', '../../'],
  ])('at %s contains the relative root %s', async (url, root) => {
    writeFileSync(archive, zipSync(FILES));
    const expected = `<!doctype html><meta name="tb-relative-root" content="${root}">${INDEX.toString()}`;
    for (const { payload, ...plain } of [await get(url, 'identity'), await get(url, 'gzip;q=0')]) {
      expect(payload).toBe(expected);
      expect(plain.headers).not.toHaveProperty('content-encoding');
    }
    const { statusCode, headers, rawPayload } = await get(url);
    expect(statusCode).toBe(200);
    expect(gunzipSync(rawPayload).toString()).toBe(expected);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      'content-length': String(rawPayload.length),
      'cache-control': 'no-cache, must-revalidate',
      'content-security-policy': expect.stringContaining("script-src 'self' 'unsafe-eval'") as unknown,
      vary: 'Accept-Encoding',
    });
    expect(headers).not.toHaveProperty('x-frame-options');
    expect(headers['content-security-policy']).not.toContain('frame-ancestors');
  });

  it('redirects an address without its slash, and keeps the query', async () => {
    const { statusCode, headers } = await get('/tensorboard?x=1');
    expect([statusCode, headers['location']]).toEqual([301, './tensorboard/?x=1']);
    expect((await get('/tensorboard/experiment/a')).headers['location']).toBe('./a/');
  });

  it('serves the files beside it with their media types, also below an experiment', async () => {
    writeFileSync(archive, zipSync(FILES));
    for (const base of ['/tensorboard', '/tensorboard/experiment/a']) {
      const script = await get(`${base}/index.js`);
      expect(gunzipSync(script.rawPayload)).toEqual(SCRIPT);
      expect(script.headers).toMatchObject({
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'no-cache, must-revalidate',
        expires: '0',
      });
      expect((await get(`${base}/fonts/a.woff2`)).headers['content-type']).toBe('font/woff2');
    }
  });

  it('lets browsers keep a file whose URL has its hash for a day', async () => {
    writeFileSync(archive, zipSync(FILES));
    const { headers } = await get('/tensorboard/index.js?_file_hash=528dec0c');
    expect(headers['cache-control']).toBe('private, max-age=86400');
    expect(headers).not.toHaveProperty('expires');
  });

  it('does not find what the archive does not have', async () => {
    writeFileSync(archive, zipSync(FILES));
    for (const name of ['none.js', '__proto__', 'constructor', '..%2Findex.js', 'fonts', 'fonts/'])
      expect([name, (await get(`/tensorboard/${name}`)).statusCode]).toEqual([name, 499]);
  });

  it('says what to do while no archive is named or at its path, and works as soon as there is one', async () => {
    const absent = await get('/tensorboard/');
    expect(absent.statusCode).toBe(404);
    expect(absent.payload).toMatch(
      /does not exist, or is empty\. If you have started Pentaprism with <code>npm start<\/code>/,
    );
    expect(absent.payload).toContain('pip download --no-deps --dest . tensorboard==2.21.0');
    expect((await get('/tensorboard/index.js')).statusCode).toBe(499);
    writeFileSync(archive, zipSync(FILES));
    expect((await get('/tensorboard/')).statusCode).toBe(200);
    expect(problems).toEqual([]);
    await server.close();
    serve(undefined);
    expect((await get('/tensorboard/')).payload).toContain('<code>TENSORBOARD_WEBFILES</code> is not set');
  });

  it.each([
    ['text', () => Buffer.from('text'), /webfiles\.zip, which cannot be used: /],
    ['an archive without a page', () => zipSync({ 'index.js': SCRIPT }), /it has no index\.html/],
  ])('reports %s once, and says that it cannot be used', async (_what, bytes, expected) => {
    writeFileSync(archive, bytes());
    for (let i = 0; i < 2; i++) expect((await get('/tensorboard/')).payload).toContain('cannot be used');
    expect(problems).toEqual([expect.stringMatching(expected)]);
  });

  it('reads an archive that cannot be used again after some seconds, or as soon as it changes', async () => {
    const bytes = Buffer.from(zipSync(FILES));
    const time = new Date();
    const write = (content: Buffer) => {
      writeFileSync(archive, content);
      utimesSync(archive, time, time);
    };
    const status = async () => (await get('/tensorboard/')).statusCode;
    write(Buffer.alloc(bytes.length, 'x'));
    expect(await status()).toBe(404);
    write(bytes);
    now = UNFIT_MS - 1;
    expect(await status()).toBe(404);
    now = UNFIT_MS;
    expect(await status()).toBe(200);
    await server.close();
    serve(archive);
    write(bytes.subarray(1));
    expect(await status()).toBe(404);
    write(bytes);
    expect(await status()).toBe(200);
  });
});
