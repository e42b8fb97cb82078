import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { INTERNAL_ADDRESS_FORMS } from '@pentaprism/testing';
import { execFileSync } from 'node:child_process';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { UrlImages, type UrlImagesSettings } from './url-images.js';
import { FAILED, outcome, redirect, startServer, startWebServer, type StartedServer } from './web-server.fixture.js';

const IMAGE = Buffer.alloc(300, 'image');
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

const fetchWith = (settings: UrlImagesSettings, url: string) =>
  new UrlImages(settings).read(url, { workspace: 'w', maxBytes: 1000 }, buffer);

describe('what may be tried with addresses', () => {
  /** On all addresses of this machine, so that every form that leads here arrives. */
  let everywhere: StartedServer;
  beforeAll(async () => {
    const tell: RequestListener = (_request, response) => response.end('secret');
    everywhere = await startWebServer(tell, '::').catch(() => startWebServer(tell, '0.0.0.0'));
  });
  afterAll(() => everywhere.close());

  it.each(INTERNAL_ADDRESS_FORMS)('%s is not connected to, nor redirected to', async (form) => {
    const url = `http://${form}:${everywhere.port}/`;
    expect(await outcome(fetchWith({ allow: [] }, url))).toEqual(FAILED);
    answer = (_request, response) => redirect(response, url);
    // Where the server itself may be reached, so may its address.
    if (!['127.0.0.1', 'localhost'].includes(URL.canParse(url) ? new URL(url).hostname.replace(/\.$/, '') : ''))
      expect(await outcome(fetchWith(LOCAL, server.url))).toEqual(FAILED);
    expect(everywhere.connections()).toBe(0);
  });

  it('names are looked up once for a connection, which goes where was looked', async () => {
    const answers = ['127.0.0.1', '127.0.0.2', '127.0.0.2'];
    const lookUp = jest.fn(async () => [{ address: answers.shift() ?? '', family: 4 }]);
    expect(await fetchWith({ ...LOCAL, lookUp }, `http://rebinding.example:${server.port}/`)).toEqual(IMAGE);
    expect(lookUp).toHaveBeenCalledTimes(1);
    expect(server.requests[0]?.headers.host).toBe(`rebinding.example:${server.port}`);
    // Another image, or another hop to the same name: looked up anew, and refused.
    expect(await outcome(fetchWith({ ...LOCAL, lookUp }, `http://rebinding.example:${canary.port}/`))).toEqual(FAILED);
    answers.unshift('127.0.0.1', '127.0.0.2');
    answer = (_request, response) => redirect(response, `http://rebinding.example:${canary.port}/`);
    expect(await outcome(fetchWith({ ...LOCAL, lookUp }, `http://rebinding.example:${server.port}/`))).toEqual(FAILED);
    expect(canary.connections()).toBe(0);
  });

  it('of the addresses of a name, only those that are allowed are connected to', async () => {
    const addresses = ['127.0.0.2', '::1', '::ffff:127.0.0.2', '169.254.169.254', '127.0.0.1'];
    const lookUp = async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    expect(await fetchWith({ ...LOCAL, lookUp }, `http://many.example:${server.port}/`)).toEqual(IMAGE);
    addresses.pop();
    expect(await outcome(fetchWith({ ...LOCAL, lookUp }, `http://many.example:${canary.port}/`))).toEqual(FAILED);
    expect(await outcome(fetchWith({ ...LOCAL, lookUp: async () => [] }, 'http://none.example/'))).toEqual(FAILED);
    const broken = () => Promise.reject(new Error('getaddrinfo ENOTFOUND 10.1.2.3'));
    expect(await outcome(fetchWith({ ...LOCAL, lookUp: broken }, 'http://none.example/'))).toEqual(FAILED);
    expect(canary.connections()).toBe(0);
  });

  it('nothing is said to an address that was not checked, however a connection came there', async () => {
    let reads = 0;
    const changing = {
      family: 4,
      get address() {
        return reads++ === 0 ? '127.0.0.1' : '127.0.0.2';
      },
    };
    const lookUp = async () => [changing];
    expect(await outcome(fetchWith({ ...LOCAL, lookUp }, `http://changing.example:${canary.port}/`))).toEqual(FAILED);
    expect(canary.connections()).toBe(1);
    expect(canary.requests).toEqual([]);
  });

  it('what is refused, closed and unknown look alike', async () => {
    const closedPort = canary.port;
    await canary.close();
    const refused = await outcome(fetchWith({ allow: [] }, server.url));
    expect(await outcome(fetchWith({ allow: ['127.0.0.0/8'] }, `http://127.0.0.2:${closedPort}/`))).toEqual(refused);
    expect(refused).toEqual(FAILED);
    canary = await startWebServer((_request, response) => response.end('secret'), '127.0.0.2');
  });
});

function openssl(): { key: string; cert: string } | undefined {
  const wanted = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2'];
  const named = ['-subj', '/CN=images.example', '-addext', 'subjectAltName=DNS:images.example,IP:127.0.0.1'];
  try {
    const pem = execFileSync('openssl', [...wanted, ...named, '-keyout', '-', '-out', '-'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const at = pem.indexOf('-----BEGIN CERTIFICATE-----');
    return { key: pem.slice(0, at), cert: pem.slice(at) };
  } catch {
    return undefined;
  }
}

const made = openssl();
const described = made === undefined ? describe.skip : describe;

described('TLS (skipped where there is no openssl to make a certificate)', () => {
  let secure: Omit<StartedServer, 'requests'>;
  const lookUp = async () => [{ address: '127.0.0.1', family: 4 }];
  const ca = made?.cert ?? '';

  beforeAll(async () => {
    secure = await startServer(createServer({ ...made }, (_request, response) => response.end(IMAGE)));
  });
  afterAll(() => secure.close());

  it('is for the name of the URL, wherever that leads', async () => {
    const url = `https://images.example:${secure.port}/`;
    expect(await fetchWith({ ...LOCAL, lookUp, ca }, url)).toEqual(IMAGE);
    expect(await fetchWith({ ...LOCAL, ca }, `https://127.0.0.1:${secure.port}/`)).toEqual(IMAGE);
    answer = (_request, response) => redirect(response, url);
    expect(await fetchWith({ ...LOCAL, lookUp, ca }, server.url)).toEqual(IMAGE);
  });

  it.each([
    ['of another name', `https://other.example`, { ca }],
    ['of an unknown authority', `https://images.example`, {}],
  ])('is refused with a certificate %s', async (_what, origin, trust) => {
    expect(await outcome(fetchWith({ ...LOCAL, lookUp, ...trust }, `${origin}:${secure.port}/`))).toEqual(FAILED);
  });

  it('is not spoken to who is not allowed', async () => {
    const before = secure.connections();
    expect(await outcome(fetchWith({ allow: [], lookUp, ca }, `https://images.example:${secure.port}/`))).toEqual(
      FAILED,
    );
    expect(secure.connections()).toBe(before);
  });
});
