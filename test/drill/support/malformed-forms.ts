import type { Random } from '@pentaprism/domain';
import { archive, filePart } from '../../e2e/support/datasets.js';
import { form, IMAGE_INFO, infoPart, mediaPart, type Part } from '../../e2e/support/filters.js';
import { pick, wholeWithin } from '../drill.js';
import { flipped, head, noise, withBody, type Piece, type Target } from './malformed-pieces.js';
import { radiograph } from './radiographs.js';

const BOUNDARY = 'drill';
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;
/** Parts: the most of a form are 100. */
const MANY_PARTS = 5000;
/** Bytes: the most that the headers of a part may have are 8 KiB, and clients send more than is read ahead of them. */
const LONG_HEADERS = 400_000;

/** A form with a file, as the uploads of radiographs and of the DataRobot API take it, in which something is wrong. */
export function brokenForm(random: Random, target: Target): Piece[] {
  return pick<() => Piece[]>(random, [
    () => wrongFraming(random, target),
    () => wrongParts(random, target),
    () => wrongHeaders(random, target),
    () => wrongLength(random, target),
    () => wrongContents(random, target),
  ])();
}

/** The part that the route takes. */
const partFor = ({ path }: Target, media: Buffer, ...headers: string[]): Part =>
  isRobot(path) ? filePart(media, '/home/me/a b.zip', ...headers) : mediaPart(media, ...headers);
/** What is in it. */
const mediaFor = (random: Random, { path }: Target): Buffer =>
  isRobot(path) && !path.endsWith('/similarImages')
    ? archive({ 'class/a.png': radiograph(random), 'class/b.txt': 'text' })
    : radiograph(random);
/** Whether it is an upload of the DataRobot API: of a dataset, a project, data to predict, or a picture to compare. */
const isRobot = (path: string) => path.startsWith('/api/v2/');
const whole = (random: Random, target: Target): Buffer =>
  form([infoPart(), partFor(target, mediaFor(random, target))], BOUNDARY).body;
const parts = (...items: readonly Part[]): Buffer => form(items, BOUNDARY).body;
const field = (name: string, body = 'x'): Part => ({
  headers: [`Content-Disposition: form-data; name="${name}"`],
  body,
});

/** Delimiters that are not where or what they should be. */
function wrongFraming(random: Random, target: Target): Piece[] {
  const body = whole(random, target);
  const text = body.toString('latin1');
  const changed = (from: string | RegExp, to: string) => Buffer.from(text.replace(from, to), 'latin1');
  const made = pick<() => Buffer>(random, [
    () => body.subarray(0, wholeWithin(random, 0, body.length - 1)),
    () => changed(`--${BOUNDARY}`, ''),
    () => changed(new RegExp(`--${BOUNDARY}--\r\n$`), pick(random, ['', `--${BOUNDARY}`, `--${BOUNDARY}-`, '--x--'])),
    () => changed(new RegExp(`--${BOUNDARY}`, 'g'), pick(random, [`-${BOUNDARY}`, '--drilX', `--${BOUNDARY} \t`])),
    () => changed(/\r\n/g, pick(random, ['\n', '\r', '\r\r\n'])),
    () => changed(/\r\n\r\n/g, pick(random, ['\r\n', '\n\n', '\r\n \r\n'])),
    () => Buffer.concat([noise(random, wholeWithin(random, 1, 2000)), body]),
    () => Buffer.concat([body, pick(random, [body, noise(random, 2000), Buffer.from(`\r\n--${BOUNDARY}\r\n`)])]),
    () => Buffer.from(`\r\n--${BOUNDARY}`.repeat(wholeWithin(random, 1, MANY_PARTS))),
    () => Buffer.from('-'.repeat(wholeWithin(random, 1, 100_000))),
    () => flipped(random, body, wholeWithin(random, 1, 20)),
  ])();
  const type = pick(random, [
    ...[TYPE, TYPE, TYPE, TYPE, `multipart/form-data; boundary="${BOUNDARY}"`, 'multipart/form-data'],
    ...['multipart/form-data; boundary=', 'multipart/form-data; boundary=""', 'multipart/form-data; boundary=-'],
    ...['multipart/form-data; boundary=other', `multipart/form-data; boundary=${'b'.repeat(71)}`, `${TYPE}; ${TYPE}`],
    ...[`multipart/mixed; boundary=${BOUNDARY}`, `MULTIPART/FORM-DATA; BOUNDARY=${BOUNDARY}`, 'image/png', ''],
  ]);
  return withBody(target, type, made);
}

/** Parts that are too many, missing, there twice, or forms themselves. */
function wrongParts(random: Random, target: Target): Piece[] {
  const media = () => partFor(target, mediaFor(random, target));
  const nested = (levels: number): Buffer => {
    const inner = levels === 0 ? whole(random, target) : nested(levels - 1);
    const boundary = `level${levels}`;
    const headers = [`Content-Type: multipart/mixed; boundary=level${levels - 1}`, ...infoPart().headers];
    return form([{ headers, body: inner }, media()], boundary).body;
  };
  const levels = wholeWithin(random, 1, 30);
  const many = (part: Part) => parts(...Array<Part>(wholeWithin(random, 99, MANY_PARTS)).fill(part));
  const [type, made] = pick<() => readonly [string, Buffer]>(random, [
    () => [TYPE, parts()],
    () => [TYPE, parts(infoPart())],
    () => [TYPE, parts(media())],
    () => [TYPE, parts(infoPart(), infoPart(), media())],
    () => [TYPE, parts(media(), infoPart(), media())],
    () => [TYPE, many(field('x'))],
    () => [TYPE, many({ headers: [], body: '' })],
    () => [TYPE, many({ headers: ['Content-Disposition: form-data'], body: '' })],
    () => [TYPE, parts(...Array<Part>(100).fill(field('x')), infoPart(), media())],
    () => [TYPE, Buffer.concat([parts(infoPart()).subarray(0, -4), many(media())])],
    () => [`multipart/form-data; boundary=level${levels}`, nested(levels)],
    () => [
      TYPE,
      parts({ headers: [`Content-Type: ${TYPE}`, ...infoPart().headers], body: whole(random, target) }, media()),
    ],
  ])();
  return withBody(target, type, made);
}

/** Headers of parts: without names, without an end, of megabytes, of nonsense. */
function wrongHeaders(random: Random, target: Target): Piece[] {
  const media = mediaFor(random, target);
  const written = pick(random, [
    ...['', 'Content-Disposition', 'Content-Disposition:', 'Content-Disposition: form-data', ': form-data', '\0: x'],
    ...['Content-Disposition: attachment; name="imageMedia"', 'Content-Disposition: form-data; name=', 'x: y'],
    ...['Content-Disposition: form-data; name="imageMedia', 'Content-Disposition: form-data; name=imageMedia; name=x'],
    ...["Content-Disposition: form-data; name*=utf-8''%ff", 'Content-Disposition: form-data; name="\xff\xfe\0"'],
    ...['Content-Disposition: form-data; name="__proto__"', '__proto__: form-data; name="imageMedia"'],
    `Content-Disposition: form-data; name="${'n'.repeat(wholeWithin(random, 1000, LONG_HEADERS))}"`,
    `Content-Disposition: form-data; name="imageMedia"; filename="${'../'.repeat(2000)}"`,
    `Content-Disposition: form-data;${' '.repeat(wholeWithin(random, 1, 8000))}name="imageMedia"`,
    `Content-Disposition: form-data; ${'a="\\"; '.repeat(1000)}name="imageMedia"`,
  ]);
  const disposition = isRobot(target.path) ? written.replaceAll('imageMedia', 'file') : written;
  const bomb = pick(random, [
    'X-Header: 1\r\n'.repeat(Math.floor(LONG_HEADERS / 13)),
    `X-Header: ${'x'.repeat(LONG_HEADERS)}`,
    `X-Header: 1\r\n${' folded\r\n'.repeat(Math.floor(LONG_HEADERS / 9))}`,
    ':\r\n'.repeat(Math.floor(LONG_HEADERS / 3)),
  ]);
  const made = pick<() => Buffer>(random, [
    () => parts(infoPart(), { headers: [disposition], body: media }),
    () => parts({ headers: [disposition], body: JSON.stringify(IMAGE_INFO) }, partFor(target, media)),
    () =>
      parts(
        infoPart(),
        partFor(target, media, `Content-Type: ${pick(random, ['', ';', 'image/jpeg', '\0', '/', 'é'])}`),
      ),
    () => parts(infoPart(), partFor(target, media, 'Content-Transfer-Encoding: base64', 'Content-Encoding: gzip')),
    // Without an end: nothing comes after them, or a delimiter does.
    () => Buffer.from(`--${BOUNDARY}\r\n${bomb}`),
    () => Buffer.from(`--${BOUNDARY}\r\n${bomb}\r\n--${BOUNDARY}--\r\n`),
    () => parts(infoPart(undefined, bomb), partFor(target, media)),
    () => parts(infoPart(), partFor(target, media, bomb)),
    () => Buffer.from(`--${BOUNDARY}\r\n${disposition}`),
  ])();
  return withBody(target, TYPE, made);
}

/** What the head says of the body's length is not true. */
function wrongLength(random: Random, target: Target): Piece[] {
  const body = whole(random, target);
  const type = `Content-Type: ${TYPE}`;
  const length = (bytes: number | string) => `${head(target, [type, `Content-Length: ${bytes}`])}\r\n\r\n`;
  const chunked = `${head(target, [type, 'Transfer-Encoding: chunked'])}\r\n\r\n`;
  const chunk = (bytes: Buffer, size = bytes.length.toString(16)): Piece[] => [`${size}\r\n`, bytes, '\r\n'];
  const cut = wholeWithin(random, 1, body.length - 1);
  return pick<() => Piece[]>(random, [
    () => [length(body.length + wholeWithin(random, 1, 100_000)), body],
    () => [length(cut), body],
    () => [length(body.length), body.subarray(0, cut)],
    () => [length(pick(random, [0, -1, '1e3', '0x10', '', '99999999999999999999', `${cut}, ${cut}`])), body],
    () => [chunked, ...chunk(body.subarray(0, cut)), ...chunk(body.subarray(cut)), '0\r\n\r\n'],
    () => [chunked, ...[...body].flatMap((byte) => chunk(Buffer.from([byte]))), '0\r\n\r\n'],
    () => [chunked, ...chunk(body.subarray(0, cut))],
    () => [chunked, ...chunk(body), '0\r\n'],
    () => [chunked, ...chunk(body, pick(random, ['0', 'zz', '-1', 'fffffffffffffffff', body.length.toString()]))],
    () => [chunked, body],
  ])();
}

/** Parts that are what they should be, and hold what they should not. */
function wrongContents(random: Random, target: Target): Piece[] {
  const media = mediaFor(random, target);
  const levels = wholeWithin(random, 33, 10_000);
  const info = pick<() => Buffer | string>(random, [
    () => pick(random, ['', '{', '[]', 'null', '"{}"', '\0', '{"__proto__":{}}', '{"lutInfo":{"gamma":1e999}}', '{}']),
    () => '['.repeat(levels),
    () => `{"a":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}}`,
    () => `{"a":"${'x'.repeat(wholeWithin(random, 60_000, 80_000))}"}`,
    () => `{${'"a":1,'.repeat(10_000)}"b":2}`,
    () => Buffer.from(JSON.stringify(IMAGE_INFO), 'utf16le'),
    () => flipped(random, Buffer.from(JSON.stringify(IMAGE_INFO)), wholeWithin(random, 1, 5)),
    () => noise(random, wholeWithin(random, 1, 500)),
  ])();
  const picture = pick<() => Buffer>(random, [
    () => flipped(random, media, wholeWithin(random, 1, 5)),
    () => media.subarray(0, wholeWithin(random, 0, media.length - 1)),
    () => Buffer.concat([media, noise(random, wholeWithin(random, 1, 100))]),
    () => noise(random, wholeWithin(random, 1, 2000)),
    () => media,
  ])();
  const both = [infoPart(info), partFor(target, picture)];
  return withBody(target, TYPE, parts(...(random() < 0.5 ? both : both.reverse())));
}
