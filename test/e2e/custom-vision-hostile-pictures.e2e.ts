import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { badPictures, polyglots, type BadPicture } from './support/bad-pictures.js';
import { form } from './support/filters.js';
import { expectVisionRefusal, HostileVision } from './support/hostile-vision.js';
import { json, send, type Answer, type SendOptions } from './support/http.js';
import { toForm, toXml } from './support/model-encodings.js';
import { PictureServer } from './support/picture-server.js';
import { sharedSystem } from './support/stack.js';

jest.setTimeout(180_000);

/** Files that are no pictures, at every way into Custom Vision. */
interface Result {
  readonly status: string;
  readonly image: { readonly id: string; readonly originalImageUri: string } | null;
}

/** Requests at once; more would only wait in the queue. */
const AT_ONCE = 4;
let vision: HostileVision;
let server: PictureServer;
let bad: BadPicture[];
const urls = new Map<BadPicture, string>();

beforeAll(async () => {
  vision = await HostileVision.start(sharedSystem(), true);
  server = await PictureServer.start();
  bad = await badPictures();
  bad.forEach((picture, i) => urls.set(picture, server.put(`${i}.png`, picture.bytes)));
});
afterAll(async () => {
  await server.close();
  await vision.expectNoTemporaryFiles();
});

const formOf = (pictures: readonly { bytes: Buffer }[]): SendOptions =>
  form(
    pictures.map(({ bytes }, i) => ({
      headers: [`Content-Disposition: form-data; name="imageData"; filename="${i}.png"`, 'Content-Type: image/png'],
      body: bytes,
    })),
  );
const filesOf = (pictures: readonly BadPicture[]) => ({
  images: pictures.map(({ what, bytes }) => ({ name: what, contents: bytes.toString('base64') })),
});
const urlsOf = (pictures: readonly BadPicture[]) => ({
  images: pictures.map((picture) => ({ url: urls.get(picture) ?? '' })),
});
const encoded = (type: string, body: string): SendOptions => ({ headers: { 'content-type': type }, body });
const FORM = 'application/x-www-form-urlencoded';

/** Of v1.2, which knows fewer. */
const folded = (status: string) => (status === 'ErrorImageDimensions' ? 'ErrorImageSize' : status);

function resultsOf(answer: Answer): Result[] {
  const { images, Images } = json<{ images?: Result[]; Images?: { Status: string; Image: null }[] }>(answer);
  return images ?? (Images ?? []).map(({ Status, Image }) => ({ status: Status, image: Image }));
}

async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
    }),
  );
}

describe('a batch of files that are no pictures to train on', () => {
  const ways: [string, (pictures: readonly BadPicture[]) => [path: string, options: SendOptions]][] = [
    ['a form', (all) => [`${vision.v3}/images`, formOf(all)]],
    ['a form, v1.2', (all) => [`${vision.v1}/images`, formOf(all)]],
    ['base64 in JSON', (all) => [`${vision.v3}/images/files`, vision.json(filesOf(all))]],
    ['base64 in XML, v1.2', (all) => [`${vision.v1}/images/files`, encoded('application/xml', toXml(filesOf(all)))]],
    ['base64 in a form, v1.2', (all) => [`${vision.v1}/images/files`, encoded(FORM, toForm(filesOf(all)))]],
    ['URLs in JSON', (all) => [`${vision.v3}/images/urls`, vision.json(urlsOf(all))]],
    ['URLs in XML, v1.2', (all) => [`${vision.v1}/images/urls`, encoded('text/xml', toXml(urlsOf(all)))]],
  ];

  it.each(ways)('as %s: each is told why, and nothing is left of any', async (_how, write) => {
    await vision.expectNoTrace(async () => {
      const [path, options] = write(bad);
      const answer = await vision.send('POST', path, options);
      const isV1 = path.startsWith(vision.v1);
      expect(answer.status).toBe(isV1 ? 200 : 207);
      const told = resultsOf(answer).map(({ status, image }, i) => [bad[i]?.what, status, image]);
      expect(told).toEqual(bad.map(({ what, status }) => [what, isV1 ? folded(status) : status, null]));
    });
  });

  it('as bytes, one by one', async () => {
    await vision.expectNoTrace(async () => {
      await each(bad, async ({ what, bytes, status }) => {
        const answer = await vision.send('POST', `${vision.v3}/images`, vision.bytes(bytes));
        expect([what, answer.status, resultsOf(answer)]).toEqual([what, 207, [{ status, image: null, sourceUrl: null, message: expect.any(String) }]]); // prettier-ignore
      });
    });
  });

  it('spoils nothing for a picture among them', async () => {
    const [, bytes = Buffer.alloc(0)] = (await polyglots()).find(([what]) => what === 'a BMP') ?? [];
    const { images } = (await vision.footprint()) as { images: number };
    const some = bad.slice(0, 20);
    const answer = await vision.send('POST', `${vision.v3}/images`, formOf([...some, { bytes }, ...some]));
    const statuses = resultsOf(answer).map(({ status }) => status);
    expect(statuses).toEqual([...some.map(({ status }) => status), 'OK', ...some.map(({ status }) => status)]);
    expect((await vision.footprint())['images']).toBe(images + 1);
  });
});

describe('base64 that is none', () => {
  it.each(['', '*', 'QUJ', 'QUJD=', '====', 'data:image/png;base64,QUJD', 'QUJD\u0000', '%51%55', 'ÄÖÜ', '_-_-'])(
    '%j is no picture',
    async (contents) => {
      await vision.expectNoTrace(async () => {
        const options = vision.json({ images: [{ name: 'x', contents }, { name: 'y', contents: null }, {}] });
        const answer = await vision.send('POST', `${vision.v3}/images/files`, options);
        expect([answer.status, resultsOf(answer).map(({ status }) => status)]).toEqual([
          207,
          Array(3).fill('ErrorImageFormat'),
        ]);
      });
    },
  );
});

describe('URLs that lead nowhere', () => {
  const nowhere = [
    ...['', 'x', '//x', 'file:///etc/passwd', 'ftp://127.0.0.1/x', 'javascript:alert(1)', 'data:image/png;base64,AA=='],
    ...['http://', 'http://[::1', 'http://[::1]:1/', 'http://169.254.169.254/latest/', 'http://10.0.0.1/', 'http://0/'],
    ...['http://127.0.0.1:1/', 'http://127.0.0.1:99999/', 'http://2130706433:1/', 'http://\u0000/', 'http://a b/'],
    ...[`http://127.0.0.1:1/${'a'.repeat(5000)}`, '\ufffe', '../images'],
  ];

  it('are sources without a picture', async () => {
    await vision.expectNoTrace(async () => {
      const images = [...nowhere, `${server.url}/nothing`].map((url) => ({ url }));
      const answer = await vision.send('POST', `${vision.v3}/images/urls`, vision.json({ images }));
      expect(answer.status).toBe(207);
      expect(resultsOf(answer).map(({ status }, i) => [images[i]?.url, status])).toEqual(
        images.map(({ url }) => [url, 'ErrorSource']),
      );
    });
  });

  it('are refused by predictions', async () => {
    await vision.expectNoTrace(async () => {
      for (const path of [`${vision.v3}/quicktest/url`, `${vision.predictV1}/url`, `${vision.classifyV3}/url/nostore`])
        await each([...nowhere, `${server.url}/nothing`], async (url) => {
          const answer = await vision.send('POST', path, vision.json({ url }));
          expectVisionRefusal(answer, path, { status: 400, code: 'BadRequestImageUrl' });
        });
    });
  });
});

describe('stored predictions that are none', () => {
  it('are sources without a picture', async () => {
    await vision.expectNoTrace(async () => {
      const ids = ['00000000-0000-0000-0000-000000000000', vision.project.id, vision.iteration];
      const answer = await vision.send(
        'POST',
        `${vision.v3}/images/predictions`,
        vision.json({ images: ids.map((id) => ({ id })) }),
      );
      expect([answer.status, resultsOf(answer).map(({ status }) => status)]).toEqual([
        207,
        ids.map(() => 'ErrorSource'),
      ]);
    });
  });

  it.each(['', 'x', '\u0000', '../1', { $ne: '' }, null, 7])('%j refuses the batch', async (id) => {
    await vision.expectNoTrace(async () => {
      const path = `${vision.v3}/images/predictions`;
      expectVisionRefusal(await vision.send('POST', path, vision.json({ images: [{ id }] })), path, { status: 400 });
    });
  });
});

describe('a prediction of what is no picture', () => {
  const asForm = ({ bytes }: BadPicture) => formOf([{ bytes }]);
  const asBytes = ({ bytes }: BadPicture) => vision.bytes(bytes);
  const asUrl = (picture: BadPicture) => vision.json({ url: urls.get(picture) });
  const asXml = (picture: BadPicture) => encoded('application/xml', toXml({ Url: urls.get(picture) }));
  const ways: [string, () => string, (picture: BadPicture) => SendOptions][] = [
    ['quick test, bytes', () => `${vision.v3}/quicktest/image`, asBytes],
    ['quick test that is not kept, form', () => `${vision.v3}/quicktest/image?store=false`, asForm],
    ['quick test, v1.2, form', () => `${vision.v1}/quicktest/image`, asForm],
    ['quick test by URL', () => `${vision.v3}/quicktest/url`, asUrl],
    ['quick test by URL, v1.2, XML', () => `${vision.v1}/quicktest/url`, asXml],
    ['v1.1, bytes', () => `${vision.predictV1}/image`, asBytes],
    ['v1.1, not kept, form', () => `${vision.predictV1}/image/nostore`, asForm],
    ['v1.1 by URL', () => `${vision.predictV1}/url`, asUrl],
    ['v1.1 by URL, not kept', () => `${vision.predictV1}/url/nostore`, asUrl],
    ['v3, form', () => `${vision.classifyV3}/image`, asForm],
    ['v3, not kept, bytes', () => `${vision.classifyV3}/image/nostore`, asBytes],
    ['v3 by URL', () => `${vision.classifyV3}/url`, asUrl],
    ['v3 by URL, not kept', () => `${vision.classifyV3}/url/nostore`, asUrl],
  ];

  it.each(ways)('by %s is refused, and nothing is left of it', async (_how, path, write) => {
    await vision.expectNoTrace(async () => {
      await each(bad, async (picture) => {
        if (picture.refusal === undefined) return;
        const answer = await vision.send('POST', path(), write(picture));
        expectVisionRefusal(answer, path(), { status: 400, code: picture.refusal });
      });
    });
  });

  it.each([
    ['an empty form', () => form([])],
    ['a form with an empty file', () => formOf([{ bytes: Buffer.alloc(0) }])],
    ['no bytes', () => vision.bytes(Buffer.alloc(0))],
  ])('%s is none either', async (_what, options) => {
    await vision.expectNoTrace(async () => {
      for (const path of [`${vision.v3}/quicktest/image`, `${vision.predictV1}/image`, `${vision.classifyV3}/image`])
        expectVisionRefusal(await vision.send('POST', path, options()), path, {
          status: 400,
          code: 'BadRequestImageFormat',
        });
    });
  });
});

describe('a picture that is something else as well', () => {
  it('is taken, and served as a picture and as it came', async () => {
    for (const [what, bytes] of await polyglots()) {
      const answer = await vision.send('POST', `${vision.v3}/images`, vision.bytes(bytes));
      const [result] = resultsOf(answer);
      expect([what, result?.status]).toEqual([what, 'OK']);
      const file = await send('GET', result?.image?.originalImageUri ?? '');
      expect([what, file.bytes.equals(bytes), file.headers['x-content-type-options']]).toEqual([what, true, 'nosniff']);
      expect(file.headers['content-type']).toMatch(/^image\/(?:png|jpeg|gif|bmp)$/);
      expect(file.headers['content-security-policy']).toContain("default-src 'none'");
    }
  });
});
