import { describe, expect, it } from '@jest/globals';
import { JsonReader, LiftedText } from '@pentaprism/http';
import fc from 'fast-check';
import { z } from 'zod';
import { parsed } from './body.js';
import { fromElement, fromJson, MAX_VALUE_LENGTH } from './element.js';
import { FormReader } from './form-reader.js';
import { model, toXml } from './render.js';
import { XmlReader } from './xml-reader.js';

const schema = z.object({
  images: z.array(z.object({ url: z.string(), tagIds: z.array(z.string()).nullish() })).nullish(),
  tagIds: z.array(z.string()).nullish(),
  name: z.string().nullish(),
  isDefault: z.boolean().nullish(),
  maxCount: z.int().nullish(),
});
const refused = expect.objectContaining({ name: 'DomainError', code: 'INVALID_ARGUMENT' });

/** Whole, and in pieces of one character. */
function xml(text: string): unknown {
  const [whole, pieces] = [new XmlReader(), new XmlReader()];
  whole.write(text);
  for (const character of text) pieces.write(character);
  const value = fromElement(whole.end(), schema);
  expect(fromElement(pieces.end(), schema)).toEqual(value);
  return value;
}

function form(text: string): unknown {
  const [whole, pieces] = [new FormReader(), new FormReader()];
  whole.write(text);
  for (const character of text) pieces.write(character);
  const value = fromElement(whole.end(), schema);
  expect(fromElement(pieces.end(), schema)).toEqual(value);
  return value;
}

function json(text: string | Buffer, size = Infinity): unknown {
  const reader = new JsonReader(1024 * 1024, ['contents']);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, Math.min(bytes.length, at + size)));
  return parsed(reader);
}

const attributes = (count: number, prefix = '') =>
  Array.from({ length: count }, (_, i) => `${prefix}a${i}="x"`).join(' ');

describe('XML', () => {
  it.each([
    [
      'lists that are wrapped',
      '<B><Images><ImageUrlCreateEntry><Url>a</Url></ImageUrlCreateEntry></Images></B>',
      { images: [{ url: 'a' }] },
    ],
    [
      'lists whose items have any name',
      '<B><images><x><url>a</url></x><y><url>b</url></y></images></B>',
      { images: [{ url: 'a' }, { url: 'b' }] },
    ],
    [
      'lists that are flat',
      '<B><Images><Url>a</Url></Images><Images><Url>b</Url></Images></B>',
      { images: [{ url: 'a' }, { url: 'b' }] },
    ],
    ['texts that are wrapped', '<B><TagIds><guid>a</guid><guid>b</guid></TagIds></B>', { tagIds: ['a', 'b'] }],
    ['texts that are flat', '<B><TagIds>a</TagIds><TagIds>b</TagIds></B>', { tagIds: ['a', 'b'] }],
    ['an empty list', '<B><TagIds/><Images></Images></B>', { tagIds: [], images: [] }],
    ['namespaces and any case', '<q:b xmlns:q="u" xmlns="v"><q:NAME>a</q:NAME></q:b>', { name: 'a' }],
    [
      'nil',
      '<B xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Name i:nil="true"/><TagIds i:nil="1"/></B>',
      { name: null, tagIds: [] },
    ],
    [
      'CDATA, references and comments',
      '<?xml version="1.0"?><!-- x --><B><Name><![CDATA[<a&]]>&lt;&#65;&amp;</Name></B>',
      { name: '<a&<A&' },
    ],
    [
      'numbers and booleans',
      '<B><IsDefault>True</IsDefault><MaxCount> 5 </MaxCount></B>',
      { isDefault: true, maxCount: 5 },
    ],
    ['names that nobody knows', '<B><Nobody><Name>x</Name></Nobody></B>', {}],
    ['names of prototypes', '<B><__proto__><polluted>1</polluted></__proto__><constructor>x</constructor></B>', {}],
    ['a processing instruction', '<?x y?><B/>', {}],
  ])('reads %s', (_what, text, value) => {
    expect(xml(text)).toEqual(value);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['a DOCTYPE', '<!DOCTYPE b><b/>'],
    ['an external entity', '<!DOCTYPE b [<!ENTITY x SYSTEM "file:///etc/passwd">]><b><Name>&x;</Name></b>'],
    ['a billion laughs', `<!DOCTYPE b [<!ENTITY a "ha">${'<!ENTITY b "&a;&a;">'.repeat(50)}]><b>&b;</b>`],
    ['an entity that nobody declared', '<b><Name>&x;</Name></b>'],
    ['33 levels', `${'<a>'.repeat(33)}${'</a>'.repeat(33)}`],
    ['an element that is not closed', '<b><Name>a</b>'],
    ['a body that ends early', '<b><Name>a'],
    ['two roots', '<b/><b/>'],
    ['text outside', 'x<b/>'],
    ['nothing', ''],
    ['blanks', '  \n'],
    ['a name that comes twice', '<b><Name>a</Name><name>b</name></b>'],
    ['10,001 elements', `<b>${'<a/>'.repeat(10_000)}</b>`],
    ['an attribute without quotes', '<b a=1/>'],
    ['33 attributes of one element', `<b ${attributes(33)}/>`],
    ['33 namespaces of one element', `<b ${attributes(33, 'xmlns:')}/>`],
    ['an element that would have a megabyte of attributes', `<b ${attributes(33)} never closed`],
    ['10,001 attributes', `<b c=""${`><a ${attributes(10)}/`.repeat(1000)}></b>`],
    ['a control character', '<b><Name>\u0001</Name></b>'],
    ['JSON', '{"name":"a"}'],
  ])('refuses %s', (_what, text) => {
    expect(() => {
      const reader = new XmlReader();
      reader.write(text);
      fromElement(reader.end(), schema);
    }).toThrow(refused);
  });

  it('takes 32 attributes of one element, and 10,000 of all', () => {
    expect(xml(`<b ${attributes(32)}/>`)).toEqual({});
    expect(xml(`<b>${`<a ${attributes(10)}/>`.repeat(1000)}</b>`)).toEqual({});
  });

  it('takes 32 levels', () => {
    expect(xml(`${'<a>'.repeat(32)}${'</a>'.repeat(32)}`)).toEqual({});
  });
});

describe('forms', () => {
  it.each([
    ['Images[0].Url=a&Images[1].Url=b&TagIds[0]=t', { images: [{ url: 'a' }, { url: 'b' }], tagIds: ['t'] }],
    ['Images[0][Url]=a&Images[0][TagIds][]=x&images[0][tagids][]=y', { images: [{ url: 'a', tagIds: ['x', 'y'] }] }],
    ['TagIds=a&TagIds=b', { tagIds: ['a', 'b'] }],
    ['TagIds[]=a&TagIds[]=b', { tagIds: ['a', 'b'] }],
    ['Images[2].Url=c&Images[0].Url=a', { images: [{ url: 'a' }, { url: 'c' }] }],
    ['Name=a+b%2Bc%C3%A9&&IsDefault=false', { name: 'a b+cé', isDefault: false }],
    ['__proto__[polluted]=1&constructor[prototype][polluted]=1&images[__proto__][polluted]=1', { images: [{}] }],
    ['', {}],
    ['Name', { name: '' }],
  ])('reads %s', (text, value) => {
    expect(form(text)).toEqual(value);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['half an escape', 'Name=%C3'],
    ['40 levels', `a${'[b]'.repeat(40)}=1`],
    ['a place of eight digits', 'Images[10000000].Url=a'],
    ['10,001 names', 'a=1&'.repeat(10_001)],
    ['a name that comes twice', 'Name=a&name=b'],
  ])('refuses %s', (_what, text) => {
    expect(() => {
      const reader = new FormReader();
      reader.write(text);
      fromElement(reader.end(), schema);
    }).toThrow(refused);
  });
});

describe('JSON', () => {
  it('lifts pictures out, wherever the pieces end, and nothing else', () => {
    const long = `${'x'.repeat(5000)}\\"\\\\${'y'.repeat(10)}\\\\`;
    const text = `{"a\\"b":"short \\\\","c":[{"Contents":"${long}"},{"url":"${long}"},"${long}"],"contents":"${'z'.repeat(4095)}"}`;
    for (const size of [1, 2, 3, 7, 4096, Infinity]) {
      const value = json(text, size) as { c: [{ Contents: LiftedText }, ...unknown[]]; contents: string };
      const plain: unknown = JSON.parse(`"${long}"`);
      expect(value).toMatchObject({
        'a"b': 'short \\',
        c: [{ Contents: expect.any(LiftedText) }, { url: plain }, plain],
      });
      expect(value.c[0].Contents.take()).toBe(plain);
      expect(value.contents).toHaveLength(4095);
    }
  });

  it('reads what JSON.parse reads', () => {
    const values = fc.jsonValue({ maxDepth: 5 }).filter((value) => JSON.stringify(value).isWellFormed());
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 20 }), (value, size) => {
        const text = JSON.stringify(value);
        expect(json(text, size)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('tells an empty body from null', () => {
    expect([json(''), json(' \n'), json('null')]).toEqual([undefined, undefined, null]);
    expect(json(Buffer.from('\ufeff{}'))).toEqual({});
  });

  it.each(['{', '"', '{"a":"\\ud800"}', '['.repeat(40), `"${'x'.repeat(5000)}`, '{} {}', "{'a':1}"])(
    'refuses %s',
    (text) => {
      expect(() => json(text)).toThrow(refused);
    },
  );

  it('has no room for more than 1 MB beside long strings', () => {
    expect(() => json(`[${'"abc",'.repeat(300_000)}1]`)).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }),
    );
  });

  it('takes names in any case, and no prototypes', () => {
    const read = fromJson(JSON.parse('{"IMAGES":[{"Url":"a","x":1}],"__proto__":{"polluted":1},"Name":null}'), schema);
    expect(read).toEqual({ images: [{ url: 'a' }], name: null });
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });
});

it('what is written as XML is read as it was', () => {
  const entry = model('V1', 'TestEntry', { Url: z.string(), TagIds: z.array(z.string().meta({ title: 'guid' })) });
  const batch = model('V1', 'TestBatch', { Images: z.array(entry), Name: z.string().nullable(), MaxCount: z.int() });
  // White space alone is none in XML that people write, and so not told from nothing.
  const text = fc
    .string({ unit: 'binary', minLength: 1 })
    // eslint-disable-next-line no-control-regex -- no XML can hold them
    .map((value) => `x${value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\r')}`);
  const values = fc.record({
    Images: fc.array(fc.record({ Url: text, TagIds: fc.array(text, { minLength: 1 }) }), { minLength: 1 }),
    Name: fc.option(text),
    MaxCount: fc.integer(),
  });
  fc.assert(
    fc.property(values, (value) => {
      const reader = new XmlReader();
      reader.write(toXml(value, batch));
      const read = batch.parse({ Name: null, ...(fromElement(reader.end(), batch) as object) });
      expect(read).toEqual(value);
    }),
  );
});

it('what no XML can hold is shown as what cannot be shown', () => {
  const named = model('V1', 'TestNamed', { Name: z.string() });
  const text = toXml({ Name: 'a\u0000\u001b\ud800<&>"' }, named);
  const reader = new XmlReader();
  reader.write(text);
  expect(fromElement(reader.end(), named)).toEqual({ Name: 'a\ufffd\ufffd\ufffd<&>"' });
});

describe('a single value', () => {
  const tooLong = expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' });
  const [allowed, beyond] = ['a'.repeat(MAX_VALUE_LENGTH), 'a'.repeat(MAX_VALUE_LENGTH + 1)];

  it.each([
    ['of an element', (value: string) => new XmlReader(['contents']).write(`<A><Name>${value}</Name></A>`)],
    ['in CDATA', (value: string) => new XmlReader().write(`<A><Name><![CDATA[${value}]]></Name></A>`)],
    ['of an attribute', (value: string) => new XmlReader().write(`<A b="${value}"/>`)],
    ['of a field', (value: string) => new FormReader(['contents']).write(`Name=${value}&`)],
    ['of a field in escapes', (value: string) => new FormReader().write(`Name=${value.replaceAll('a', '%61')}&`)],
  ])('%s has a limit of its own', (_what, write) => {
    expect(() => write(allowed)).not.toThrow();
    expect(() => write(beyond)).toThrow(tooLong);
  });

  it('is refused before the body ends', () => {
    const reader = new FormReader(['contents']);
    reader.write('Name=');
    expect(() => {
      for (let i = 0; i < 10; i++) reader.write(allowed);
    }).toThrow(tooLong);
  });

  it('may have any length where it is a picture', () => {
    const xmlReader = new XmlReader(['contents']);
    xmlReader.write(`<A><Contents>${beyond}</Contents></A>`);
    expect(xmlReader.end().children[0]?.text).toBe(beyond);
    const formReader = new FormReader(['contents']);
    formReader.write('Images[0].Contents=');
    for (let i = 0; i < 10; i++) formReader.write(allowed);
    expect(formReader.end().children[0]?.children[0]?.children[0]?.text.length).toBe(10 * MAX_VALUE_LENGTH);
  });
});
