import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { MAX_PARTS, readForm, type FormPart } from './multipart.js';

const TYPE = 'multipart/form-data; boundary=B';
const FORM = Buffer.from(
  '--B\r\nContent-Disposition: form-data; name=imageMedia\r\n\r\nab\r\nc\r\n' +
    '--B\r\nContent-Type: Text/Plain; charset=utf-8\r\nContent-Disposition: form-data; name="Größe"\r\n\r\n\0ÿ\r\n' +
    '--B--\r\n',
);
const PARTS = [
  { name: 'imageMedia', declaredType: undefined, text: 'ab\r\nc' },
  { name: 'Größe', declaredType: 'text/plain', text: '\0ÿ' },
];

const requestOf = (body: unknown, contentType = TYPE) =>
  ({ body, headers: { 'content-type': contentType } }) as unknown as FastifyRequest;

function streamOf(bytes: Buffer, size = bytes.length): Readable {
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return Readable.from(pieces, { objectMode: false });
}

async function textOf({ name, declaredType, bytes }: FormPart) {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return { name, declaredType, text: Buffer.concat(chunks).toString() };
}

function read(bytes: Buffer | Readable, contentType?: string) {
  const body = Buffer.isBuffer(bytes) ? streamOf(bytes) : bytes;
  return readForm(requestOf(body, contentType), async (parts) => {
    const found = [];
    for await (const part of parts) found.push(await textOf(part));
    return found;
  });
}

const part = (headers: string, text = 'x') => Buffer.from(`--B\r\n${headers}\r\n\r\n${text}\r\n--B--\r\n`, 'latin1');
const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });

describe('readForm', () => {
  it.each([
    ['filename="a b.png"', 'a b.png'],
    ['filename=a.png', 'a.png'],
    ['filename="/C:/x/y.png"', '/C:/x/y.png'],
    ['filename="C:\\x\\y.png"', 'C:\\x\\y.png'],
    ['filename="../../cats/1.png"', '../../cats/1.png'],
    ["filename*=UTF-8''%C3%A9.png", 'é.png'],
    ['filename=""', ''],
    ['filename="left \\"A\\".png"', 'left "A".png'],
    ['filename="left %22A%22.png"', 'left "A".png'],
    ['filename="\\"; name=\\"b"', '"; name="b'],
    ['filename="100%.png"', '100%.png'],
    ['x=y', ''],
  ])('knows the file of %s as %j', async (parameter, fileName) => {
    const body = streamOf(part(`Content-Disposition: form-data; name="imageData"; ${parameter}`));
    const found = await readForm(requestOf(body), async (parts) => {
      const names: string[] = [];
      for await (const each of parts) names.push(each.fileName);
      return names;
    });
    expect(found).toEqual([fileName]);
  });

  it('gives the parts with their bytes, however the form is cut into pieces', async () => {
    for (let size = 1; size <= FORM.length; size++) expect(await read(streamOf(FORM, size))).toEqual(PARTS);
  });

  it('leaves every byte as it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 999 }), async (sent, size) => {
        const [head, tail] = ['--B\r\nContent-Disposition: form-data; name=a\r\n\r\n', '\r\n--B--\r\n'].map((text) =>
          Buffer.from(text),
        );
        fc.pre(!Buffer.from(sent).includes('\r\n--B'));
        const body = streamOf(Buffer.concat([head as Buffer, sent, tail as Buffer]), size);
        const found = await readForm(requestOf(body), async (parts) => {
          const chunks: Buffer[] = [];
          for await (const { bytes } of parts) for await (const chunk of bytes) chunks.push(chunk);
          return Buffer.concat(chunks);
        });
        expect(found.equals(sent)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['a boundary in quotes', 'multipart/form-data; boundary="B"'],
    ['another case and a charset', 'Multipart/Form-Data;charset=utf-8; BOUNDARY=B'],
  ])('takes %s', async (_what, type) => {
    expect(await read(FORM, type)).toEqual(PARTS);
  });

  it.each([
    ['form-data; name="a"; filename="/C:/x y.png"', 'a'],
    ['form-data; filename="name=b"; name=a', 'a'],
    ['FORM-DATA; NAME="a"', 'a'],
    ['form-data', ''],
    ['attachment; name=a', ''],
    ['form-data; name="a', ''],
  ])('finds the name in %s', async (disposition, name) => {
    const [found] = await read(part(`Content-Disposition: ${disposition}`));
    expect(found).toEqual({ name, declaredType: undefined, text: 'x' });
  });

  it('gives a part without any headers no name', async () => {
    expect(await read(Buffer.from('--B\r\n\r\n\r\nx\r\n--B--'))).toMatchObject([{ name: '' }]);
    expect(await read(Buffer.from('--B\r\nContent-Dis\r\n--B--'))).toMatchObject([{ name: '', text: '' }]);
  });

  it('finds no parts in an empty form', async () => {
    expect(await read(Buffer.from('--B--\r\n'))).toEqual([]);
  });

  it('refuses a form that ends anywhere before its end', async () => {
    const end = FORM.length - '\r\n'.length;
    for (let length = 0; length < end; length++)
      await expect(read(streamOf(FORM.subarray(0, length), 9))).rejects.toEqual(invalid);
  });

  it.each(['multipart/form-data', 'multipart/form-data; boundary=', `multipart/form-data; boundary=${'b'.repeat(71)}`])(
    'refuses %s, which has no boundary',
    async (type) => {
      await expect(read(FORM, type)).rejects.toEqual(invalid);
    },
  );

  it.each([[undefined], [null], [{ a: 1 }]])('refuses a body that is none: %j', async (body) => {
    const reading = readForm(requestOf(body), async () => 'read');
    await expect(reading).rejects.toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  });

  it(`refuses more than ${MAX_PARTS} parts`, async () => {
    const form = (count: number) =>
      Buffer.from(`${'--B\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n'.repeat(count)}--B--`);
    expect(await read(form(MAX_PARTS))).toHaveLength(MAX_PARTS);
    await expect(read(form(MAX_PARTS + 1))).rejects.toEqual(invalid);
  });

  it('skips what nobody reads', async () => {
    const names = await readForm(requestOf(streamOf(large(3_000_000), 65_536)), async (parts) => {
      const found = [];
      for await (const { name } of parts) found.push(name);
      return found;
    });
    expect(names).toEqual(['a', 'b']);
  });

  it('reads the rest of a form that is refused in the middle, so that the client sees the answer', async () => {
    const body = streamOf(large(3_000_000), 65_536);
    const reading = readForm(requestOf(body), async (parts) => {
      for await (const { bytes } of parts) for await (const chunk of bytes) if (chunk) throw new Error('no');
    });
    await expect(reading).rejects.toThrow('no');
    expect(body.readableEnded).toBe(true);
  });

  it.each([
    ['with an error', new Error('reset')],
    ['without', undefined],
  ])('ends when the client goes away in the middle, %s', async (_how, error) => {
    const body = new Readable({ read: () => undefined });
    body.push(large(100_000).subarray(0, 50_000));
    setTimeout(() => body.destroy(error), 20);
    await expect(read(body)).rejects.toEqual(invalid);
  });

  it('takes no more from the client than it is asked for', async () => {
    const size = 8_000_000;
    const body = streamOf(large(size), 65_536);
    let taken = 0;
    const stream = Readable.from(
      (async function* () {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          taken += chunk.length;
          yield chunk;
        }
      })(),
      { objectMode: false },
    );
    await readForm(requestOf(stream), async (parts) => {
      for await (const { bytes } of parts)
        for await (const chunk of bytes) {
          expect(chunk.length).toBeGreaterThan(0);
          await new Promise((resolve) => setTimeout(resolve, 20));
          expect(taken).toBeLessThan(size / 4);
          return;
        }
    });
  });
});

/** Two parts, the first of that many bytes. */
function large(size: number): Buffer {
  return Buffer.concat([
    Buffer.from('--B\r\nContent-Disposition: form-data; name=a\r\n\r\n'),
    Buffer.alloc(size, 'A'),
    Buffer.from('\r\n--B\r\nContent-Disposition: form-data; name=b\r\n\r\nx\r\n--B--\r\n'),
  ]);
}
