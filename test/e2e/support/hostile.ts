import { deflateSync } from 'node:zlib';
import { png, tinyPng } from './samples.js';

/** Bytes that no decoder makes a picture of, whatever they are called. */
export function noPictures(): [what: string, bytes: Buffer][] {
  const whole = tinyPng();
  return [
    ['a truncated PNG', whole.subarray(0, whole.length - 20)],
    ['a signature alone', whole.subarray(0, 8)],
    ['text named .png', Buffer.from('this is no picture\n')],
    ['a PNG that claims 60,000 x 60,000', png(60_000, 60_000, deflateSync(Buffer.alloc(1000)))],
    ['a PNG with broken pixels', png(100, 100, Buffer.from('no deflate stream'))],
    ['a PNG of no size', png(0, 0, deflateSync(Buffer.alloc(0)))],
    ['a GIF that is a script', Buffer.from('GIF89a=1;alert(1)//')],
    ['a JPEG that ends at once', Buffer.from('ffd8ffe000', 'hex')],
    ['NUL bytes', Buffer.alloc(5000)],
  ];
}

/** Names that are data, and nothing else. */
export const ODD_NAMES: Readonly<Record<string, string>> = {
  'a path': '../../../etc/passwd',
  'a Windows path': '..\\..\\boot.ini',
  quotes: `"'\`;--<script>`,
  emoji: '👩‍👩‍👧 🏳️‍🌈.png',
  'a prototype': '__proto__',
  'a constructor': 'constructor',
  'an operator': '$where',
  dots: 'a.b.$c',
  'another direction': '\u202egnp.exe',
  'another normal form': 'e\u0301 \u00e9',
};
export const CONTROL_CHARACTERS = 'a\u0001\u001b[31m\r\n\t';

/** Arrays inside one another. */
export const nested = (levels: number, inner = '1') => '['.repeat(levels) + inner + ']'.repeat(levels);

/** Bodies that are no JSON, or more than anybody reads. @param whole an object with a member */
export function brokenJson(whole: string): [what: string, body: string | Buffer][] {
  const open = whole.slice(0, -1);
  return [
    ['broken JSON', `${open}, "x": ["new"`],
    ['JSON with a comma too many', `${open},}`],
    ['200 levels', `${open}, "x": ${nested(200)}}`],
    ['100,000 levels', `${open}, "x": ${'{"a":'.repeat(100_000)}`],
    ['invalid UTF-8', Buffer.concat([Buffer.from(`${open}, "x": "`), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])],
    ['a cut UTF-8 sequence', Buffer.concat([Buffer.from(`${open}, "x": "`), Buffer.from([0xe2, 0x82])])],
    ['UTF-16', Buffer.from(whole, 'utf16le')],
    ['not a number', `${open}, "x": NaN}`],
    ['half of a surrogate pair', `${open}, "x": "\\ud800"}`],
    ['a byte', Buffer.from([0])],
  ];
}
