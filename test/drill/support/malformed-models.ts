import type { Random } from '@pentaprism/domain';
import { form } from '../../e2e/support/filters.js';
import { toForm, toXml } from '../../e2e/support/model-encodings.js';
import { pick, wholeWithin } from '../drill.js';
import { brokenForm } from './malformed-forms.js';
import { flipped, noise, withBody, type Piece, type Target } from './malformed-pieces.js';
import { radiograph } from './radiographs.js';

/** Models of Custom Vision in each encoding that it takes, in which something is wrong. */
export function brokenModel(random: Random, target: Target): Piece[] {
  const model = JSON.parse(target.body) as unknown;
  return pick<() => Piece[]>(random, [
    () => jsonModel(random, target, model),
    () => xmlModel(random, target, model),
    () => formModel(random, target, model),
    // In words of another encoding than it is said to be.
    () =>
      withBody(
        target,
        pick(random, ['text/xml', 'text/json', 'application/x-www-form-urlencoded', 'text/plain', 'application/json']),
        Buffer.from(pick(random, [target.body, toXml(model), toForm(model)])),
      ),
  ])();
}

/** Pictures as Custom Vision takes them: as forms, or as the body itself. */
export function brokenUpload(random: Random, target: Target): Piece[] {
  const picture = radiograph(random);
  const part = (headers: string[], body: Buffer | string) => ({ headers, body });
  const named = 'Content-Disposition: form-data; name="imageData"';
  const bytes = pick<() => Buffer>(random, [
    () => flipped(random, picture, wholeWithin(random, 1, 20)),
    () => picture.subarray(0, wholeWithin(random, 0, picture.length - 1)),
    () => noise(random, wholeWithin(random, 1, 2000)),
    () => Buffer.alloc(0),
    () => Buffer.concat([picture, noise(random, 2000)]),
    () => picture,
  ])();
  return pick<() => Piece[]>(random, [
    () => brokenForm(random, target),
    () => withBody(target, 'application/octet-stream', bytes),
    () => withBody(target, pick(random, ['application/octet-stream;', 'image/png', '', 'application/OCTET']), bytes),
    () => {
      const { headers, body } = form([part([named], bytes), part([], bytes), part([`${named}; filename*=x`], '')]);
      return withBody(target, String(headers['content-type']), body);
    },
    () => {
      const many = Array.from({ length: wholeWithin(random, 65, 300) }, () => part([named], bytes.subarray(0, 500)));
      const { headers, body } = form(many);
      return withBody(target, String(headers['content-type']), body);
    },
  ])();
}

function jsonModel(random: Random, target: Target, model: unknown): Piece[] {
  const text = target.body;
  const odd = pick(random, [
    ...['null', '-1', '1e999', '""', '[]', '{}', '[[]]', 'true', '"\\ud800"', '[null]', '{"$gt":""}', '"%00"'],
    ...[`"${'A'.repeat(300_000)}"`, `"${'A'.repeat(5000)}="`, '"data:image/png;base64,AAAA"', '"http://127.0.0.1:1/"'],
    ...['"file:///etc/passwd"', '"http://[::1"', '"2026-13-45T99:99:99Z"', '9007199254740993', '0.1e-400'],
  ]);
  const values = /:("[^"]*"|[\d.]+|true|false)/;
  const made = pick<() => Buffer>(random, [
    () => Buffer.from(text.replace(values, `:${odd}`)),
    () => Buffer.from(text.replaceAll(new RegExp(values, 'g'), `:${odd}`)),
    () => Buffer.from(text).subarray(0, wholeWithin(random, 0, text.length)),
    () => flipped(random, Buffer.from(`${text} `), wholeWithin(random, 1, 5)),
    () => Buffer.from(text.replaceAll('[', `[${odd},`)),
    () => Buffer.from(JSON.stringify(repeated(model, wholeWithin(random, 21, 2000)))),
    () => Buffer.from(JSON.stringify([model, model])),
    () => Buffer.from(text.replace('{', `{"IMAGES":${odd},"images":${odd},"Tags":${odd},"__proto__":${odd},`)),
    () => Buffer.from(text.replace('{', `{"x":${'['.repeat(wholeWithin(random, 20, 5000))}`)),
    () => Buffer.from(`\ufeff${text}`),
  ])();
  const type = pick(random, ['application/json', 'application/json', 'text/json', 'application/json; charset=utf-16']);
  return withBody(target, type, made);
}

function xmlModel(random: Random, target: Target, model: unknown): Piece[] {
  const text = toXml(model);
  const levels = wholeWithin(random, 30, 20_000);
  const odd = pick(random, [
    ...['&undefined;', '&#0;', '&#x110000;', '<![CDATA[', '<![CDATA[x]]>', '<!--', '<!-- -- -->', '<?pi', ']]>', '&'],
    ...['<Root xmlns="&#0;"/>', '<a:b/>', '<x xsi:nil="true"/>', '<Images/>', `<x ${'a="1" '.repeat(5000)}/>`],
    ...['<a>'.repeat(levels), `${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}`, '<a/>'.repeat(levels), 'é\0'],
  ]);
  const made = pick<() => Buffer>(random, [
    () => Buffer.from(text.replace(/>([^<]+)</, `>${odd}<`)),
    () => Buffer.from(text.replaceAll(/>([^<]+)</g, `>${odd}<`)),
    () => Buffer.from(text.replace('>', `>${odd}`)),
    () => Buffer.from(`<!DOCTYPE Root [<!ENTITY a "${'a'.repeat(1000)}">]>${text}`),
    () => Buffer.from(text).subarray(0, wholeWithin(random, 0, text.length)),
    () => flipped(random, Buffer.from(text), wholeWithin(random, 1, 8)),
    () => Buffer.from(toXml(repeated(model, wholeWithin(random, 21, 2000)))),
    () => Buffer.from(text, 'utf16le'),
    () => Buffer.from(`<?xml version="1.1" encoding="${pick(random, ['utf-16', 'x', '', 'latin1'])}"?>${text}`),
    () => Buffer.concat([Buffer.from(text), Buffer.from([0xc3]), noise(random, 10)]),
    () => Buffer.from(text + text),
  ])();
  return withBody(target, pick(random, ['application/xml', 'text/xml', 'application/xml; charset=utf-16']), made);
}

function formModel(random: Random, target: Target, model: unknown): Piece[] {
  const text = toForm(model);
  const odd = pick(random, [
    ...['%', '%zz', '%c3', '%00', '&&&', '=', '[]', '[=', ']=', 'Images[=1', 'Images[]]=1', 'Images[0].=1', '.=.'],
    ...['Images[999999999].Name=x', 'Images[-1].Name=x', 'Images[1e9]=x', '__proto__[x]=1', 'constructor.x=1'],
    ...['Images=1&Images[0].Name=2', 'Images.Name=1', 'TagIds[0][0][0]=1', 'TagIds.length=9', 'TagIds[length]=9'],
    ...[`${'a.'.repeat(5000)}=1`, `a${'[0]'.repeat(5000)}=1`, 'a=1&'.repeat(30_000), `TagIds=${'a,'.repeat(5000)}`],
  ]);
  const made = pick<() => Buffer>(random, [
    () => Buffer.from(`${text}&${odd}`),
    () => Buffer.from(`${odd}&${text}`),
    () => Buffer.from(text.replaceAll(/=[^&]*/g, `=${odd.replaceAll('&', '')}`)),
    () => Buffer.from(text).subarray(0, wholeWithin(random, 0, text.length)),
    () => flipped(random, Buffer.from(`${text}&`), wholeWithin(random, 1, 8)),
    () => Buffer.from(toForm(repeated(model, wholeWithin(random, 21, 1000)))),
    () => noise(random, wholeWithin(random, 1, 500)),
  ])();
  return withBody(target, 'application/x-www-form-urlencoded', made);
}

/** The same with more entries in every list than there may be. */
function repeated(value: unknown, times: number): unknown {
  if (Array.isArray(value)) return Array.from({ length: times }, () => value[0] as unknown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, repeated(each, times)]));
}
