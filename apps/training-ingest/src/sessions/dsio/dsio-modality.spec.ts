import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MAX_RADIOGRAPH_BYTES, type DomainError } from '@pentaprism/domain';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeModalitySessionsConformance } from '../modality-sessions.conformance.js';
import { DsioModality } from './dsio-modality.js';
import type { DsioSettings } from './dsio-settings.js';
import { imageInfoOf, StandInDevice } from './stand-in-device.fixture.js';

const WORKSPACE = 'clinic';
const INFO = { binning: 'unbinned', lut: null } as const;
/** Milliseconds that a device may be silent where it is to be found too slow. */
const IMPATIENT = { timeoutMs: 300 };
const PIECE = Buffer.alloc(1000, 'x');

describeModalitySessionsConformance('DsioModality', async () => {
  const device = await StandInDevice.start();
  return {
    sessions: new DsioModality({ url: device.url, timeoutMs: 2000 }),
    createSession: async () => device.createSession(),
    addImage: async (_workspace, sessionId, { bytes, info }) => device.addImage(sessionId, bytes, imageInfoOf(info)),
    endSession: async (_workspace, sessionId) => device.endSession(sessionId),
    countOpen: async () => device.openAnswers,
    close: () => device.close(),
  };
});

describe('DsioModality', () => {
  let device: StandInDevice;
  let image: { sessionId: string; imageId: string };
  const modality = (settings: Partial<DsioSettings> = {}) =>
    new DsioModality({ url: device.url, timeoutMs: 3000, ...settings });

  /** Everything that can be asked of an image, and what becomes of it. */
  const askAll = (sessions: DsioModality): [string, () => Promise<unknown>][] => [
    ['isActive', () => sessions.isActive(WORKSPACE, image.sessionId)],
    ['hasImage', () => sessions.hasImage(WORKSPACE, image)],
    ['find', () => sessions.find(WORKSPACE, image)],
    ['open', () => buffer(sessions.open(WORKSPACE, image))],
  ];
  const outcomes = async (sessions: DsioModality) =>
    Object.fromEntries(
      await Promise.all(
        askAll(sessions).map(async ([name, ask]) => [
          name,
          await ask().then(
            (value) => value,
            ({ code }: DomainError) => code,
          ),
        ]),
      ),
    );
  const everything = (outcome: unknown) => ({ isActive: outcome, hasImage: outcome, find: outcome, open: outcome });
  const answerMedia = (respond: (response: ServerResponse) => void) => {
    device.fault = ({ url }: IncomingMessage, response) => {
      if (!url?.endsWith('/media')) return false;
      respond(response);
      return true;
    };
  };
  const answerEverything = (respond: (response: ServerResponse, request: IncomingMessage) => void) => {
    device.fault = (request, response) => {
      respond(response, request);
      return true;
    };
  };

  beforeEach(async () => {
    device = await StandInDevice.start();
    const sessionId = device.createSession();
    image = { sessionId, imageId: device.addImage(sessionId, PIECE, imageInfoOf(INFO)) };
  });
  afterEach(() => device.close());

  it.each([500, 502, 503, 401, 403, 302, 307, 204, 206, 418])(
    'fails at status %i, and takes nothing for ended',
    async (status) => {
      answerEverything((response) => response.writeHead(status, { location: `${device.url}/elsewhere` }).end());
      expect(await outcomes(modality())).toEqual(everything('UPSTREAM_FAILED'));
    },
  );

  it.each([404, 410])('takes status %i for the end', async (status) => {
    answerEverything((response) => response.writeHead(status).end('{}'));
    const gone = { isActive: false, hasImage: false, find: 'NOT_FOUND', open: 'NOT_FOUND' };
    expect(await outcomes(modality())).toEqual(gone);
  });

  it('takes status 400 for an unknown image where one is looked up, and never for the end', async () => {
    answerEverything((response) => response.writeHead(400).end());
    const unknown = { isActive: 'UPSTREAM_FAILED', hasImage: 'UPSTREAM_FAILED', find: 'NOT_FOUND', open: 'NOT_FOUND' };
    expect(await outcomes(modality())).toEqual(unknown);
  });

  it('follows no redirect', async () => {
    answerEverything((response, { url }) => {
      if (url?.includes('elsewhere')) response.writeHead(200).end('{}');
      else response.writeHead(301, { location: `${device.url}/elsewhere` }).end();
    });
    expect(await outcomes(modality())).toEqual(everything('UPSTREAM_FAILED'));
    expect(device.requests.filter(({ url }) => url.includes('elsewhere'))).toEqual([]);
  });

  it('knows that a session is over whose images are still served', async () => {
    device.fault = ({ url = '' }, response) => {
      if (!url.endsWith(image.sessionId)) return false;
      response.writeHead(404).end();
      return true;
    };
    expect(await modality().hasImage(WORKSPACE, image)).toBe(false);
  });

  it('fails where nothing listens, with a message that names no address', async () => {
    const { url } = device;
    await device.close();
    const sessions = new DsioModality({ url, timeoutMs: 3000, user: 'ann', password: 'secret' });
    for (const [, ask] of askAll(sessions)) {
      const error = await ask().catch((reason: DomainError) => reason);
      expect(error).toMatchObject({ code: 'UPSTREAM_FAILED', message: 'The modality does not answer.', details: {} });
    }
    device = await StandInDevice.start();
  });

  it('fails when something answers that does not speak HTTP', async () => {
    const server = createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH_9.6\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await outcomes(modality({ url: `http://127.0.0.1:${port}` }))).toEqual(everything('UPSTREAM_FAILED'));
    await new Promise((resolve) => server.close(resolve));
  });

  it('gives up a device that is silent before its headers', async () => {
    answerEverything(() => undefined);
    const began = performance.now();
    expect(await outcomes(modality(IMPATIENT))).toEqual(everything('DEADLINE_EXCEEDED'));
    expect(performance.now() - began).toBeLessThan(10_000);
    await waitUntilIdle();
  });

  it('gives up JSON that does not end in time, however often a piece of it comes', async () => {
    answerEverything((response) => {
      const timer = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(timer));
    });
    const sessions = modality(IMPATIENT);
    await expect(sessions.find(WORKSPACE, image)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await expect(sessions.isActive(WORKSPACE, image.sessionId)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await waitUntilIdle();
  });

  it('gives up media that fall silent', async () => {
    answerMedia((response) => response.writeHead(200).write(PIECE));
    await expect(buffer(modality(IMPATIENT).open(WORKSPACE, image))).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    await waitUntilIdle();
  });

  it('waits for media that come slowly, until all of it takes too long', async () => {
    answerMedia((response) => {
      let pieces = 0;
      const timer = setInterval(() => {
        if (++pieces === 8) response.end();
        else response.write(PIECE);
      }, 200);
      response.on('close', () => clearInterval(timer));
    });
    expect(await buffer(modality({ timeoutMs: 1000 }).open(WORKSPACE, image))).toHaveLength(7000);
    const limited = modality({ mediaLimitMs: 700 });
    await expect(buffer(limited.open(WORKSPACE, image))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await waitUntilIdle();
  });

  it('does not take the time in which its reader is busy for silence of the device', async () => {
    answerMedia((response) => response.writeHead(200).end(Buffer.alloc(500_000)));
    let size = 0;
    for await (const piece of modality(IMPATIENT).open(WORKSPACE, image)) {
      if (size === 0) await sleep(500);
      size += piece.byteLength;
    }
    expect(size).toBe(500_000);
  });

  it('fails when the connection breaks in the middle of media', async () => {
    answerMedia((response) => {
      response.writeHead(200, { 'content-length': '5000' }).write(PIECE);
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
    });
    await expect(buffer(modality().open(WORKSPACE, image))).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
    answerMedia((response) => {
      response.writeHead(200, { 'content-length': '5000' }).write(PIECE);
      setTimeout(() => response.socket?.end(), 50);
    });
    await expect(buffer(modality().open(WORKSPACE, image))).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
  });

  it('refuses media that are too large, without reading the rest', async () => {
    let ended = false;
    answerMedia((response) => {
      const send = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024)));
        if (!response.destroyed) response.once('drain', send);
      };
      response.on('close', () => (ended = true));
      send();
    });
    let received = 0;
    const read = async () => {
      for await (const piece of modality().open(WORKSPACE, image)) received += piece.byteLength;
    };
    await expect(read()).rejects.toMatchObject({
      code: 'UPSTREAM_FAILED',
      details: { maxBytes: MAX_RADIOGRAPH_BYTES },
    });
    expect(received).toBeLessThanOrEqual(MAX_RADIOGRAPH_BYTES);
    await waitUntilIdle();
    expect(ended).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['a page', '<html>Welcome</html>'],
    ['half of it', '{"acquisitionInfo": {"binning"'],
    ['a list', '[]'],
    ['text', '"ok"'],
    ['null', 'null'],
    ['no text', Buffer.from([0xff, 0xfe, 0x00])],
  ])('fails at %s in the place of JSON', async (_what, body) => {
    answerEverything((response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body));
    const { open: _, ...rest } = await outcomes(modality());
    const failed = 'UPSTREAM_FAILED';
    expect(rest).toEqual({ isActive: failed, hasImage: failed, find: failed });
  });

  it('fails at JSON that is too large', async () => {
    const large = (size: number) => JSON.stringify({ context: 'x'.repeat(size) });
    answerEverything((response) => response.writeHead(200).end(large(60_000)));
    expect(await modality().isActive(WORKSPACE, image.sessionId)).toBe(true);
    answerEverything((response) => response.writeHead(200).end(large(66_000)));
    await expect(modality().isActive(WORKSPACE, image.sessionId)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
    await expect(modality().find(WORKSPACE, image)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
  });

  it('takes JSON with a byte order mark', async () => {
    answerEverything((response) => response.writeHead(200).end('\ufeff{"LutInfo":{"Gamma":2}}'));
    expect(await modality().find(WORKSPACE, image)).toEqual({ binning: 'unbinned', lut: { gamma: 2 } });
  });

  it('fails at a binning that there is not', async () => {
    answerEverything((response) => response.writeHead(200).end('{"acquisitionInfo":{"binning":"Binned4x4"}}'));
    await expect(modality().find(WORKSPACE, image)).rejects.toMatchObject({ code: 'UPSTREAM_FAILED' });
  });

  it('presents its credentials in UTF-8, and none where none are configured', async () => {
    const authorizations = async (settings: Partial<DsioSettings>) => {
      device.requests.length = 0;
      await outcomes(modality(settings));
      return [...new Set(device.requests.map(({ authorization }) => authorization))];
    };
    const basic = (text: string) => `Basic ${Buffer.from(text, 'utf8').toString('base64')}`;
    expect(await authorizations({})).toEqual([undefined]);
    expect(await authorizations({ user: 'zähne', password: 'pä:ss wörd€' })).toEqual([basic('zähne:pä:ss wörd€')]);
    expect(await authorizations({ user: 'ann' })).toEqual([basic('ann:')]);
  });

  it('asks below its base, with ids that cannot leave their place', async () => {
    const ids = ['a/b', '../x', 'ä', '%2e%2e', '?q=1#f'];
    for (const id of ids) await modality().isActive(WORKSPACE, id);
    const base = new URL(device.url).pathname;
    expect(device.requests.map(({ url }) => url)).toEqual(
      ids.map((id) => `${base}/acquisition/${encodeURIComponent(id)}`),
    );
    device.requests.length = 0;
    for (const id of ['.', '..', '', '\ud800']) {
      expect(await modality().isActive(WORKSPACE, id)).toBe(false);
      await expect(modality().find(WORKSPACE, { ...image, imageId: id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    expect(device.requests).toEqual([]);
  });

  it('finds sessions whose ids are no UUIDs', async () => {
    for (const id of ['a/b', 'ä ?#', '...']) {
      device.sessions.set(id, new Map());
      expect(await modality().isActive(WORKSPACE, id)).toBe(true);
    }
  });

  it('uses a connection again', async () => {
    const sessions = modality();
    for (let time = 0; time < 10; time += 1) {
      await sessions.isActive(WORKSPACE, image.sessionId);
      await buffer(sessions.open(WORKSPACE, image));
    }
    expect(device.connections).toBeLessThanOrEqual(2);
  });

  /** No answer is waited for any more: the connection was let go of. */
  async function waitUntilIdle(): Promise<void> {
    const until = Date.now() + 2000;
    while (device.openAnswers > 0 && Date.now() < until) await sleep(10);
    expect(device.openAnswers).toBe(0);
  }
});
