import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { noPictures } from './hostile.js';
import { png } from './samples.js';

const MIB = 1024 ** 2;

/** A file that nobody may train on. */
export interface BadPicture {
  readonly what: string;
  readonly bytes: Buffer;
  /** Of v3, among others of a batch. */
  readonly status: 'ErrorImageFormat' | 'ErrorImageSize' | 'ErrorImageDimensions';
  /** The code of a prediction's error, which takes more kinds of pictures: undefined where it takes this one. */
  readonly refusal: 'BadRequestImageFormat' | 'BadRequestImageSizeBytes' | undefined;
}

/** Of `noPictures`, what a header says that no decoder begins with. */
const CLAIM = /claims/;

/** Of each kind that clients have sent to image services, at least one; all of them different from run to run. */
export async function badPictures(): Promise<BadPicture[]> {
  const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } });
  const [jpeg, gif, whole] = [await picture.jpeg().toBuffer(), await picture.gif().toBuffer(), bitmap(16, 16)];
  const [broken, claims] = [
    noPictures().filter(([what]) => !CLAIM.test(what)),
    noPictures().filter(([what]) => CLAIM.test(what)),
  ];
  const damaged: [string, Buffer][] = [
    ...broken,
    ['a JPEG that is cut', jpeg.subarray(0, jpeg.length / 2)],
    ['a GIF that is cut', gif.subarray(0, 14)],
    ['a BMP that is cut', whole.subarray(0, whole.length - 100)],
    ['a BMP of no size', bitmap(0, 0)],
    ['a BMP of negative width', bitmap(-16, 16)],
    ['a BMP whose pixels are behind its end', patched(whole, 10, 0x7fff_ffff)],
    ['a BMP of 7 bits', patched(whole, 28, 7)],
    ['a GIF that claims 20,000 x 20,000', patched(patched(gif, 6, 0x4e20_4e20), 24, 0x4e20_4e20)],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9"/></svg>')],
    ['an SVG that reads files', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')], // prettier-ignore
    ['a PDF', Buffer.from('%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF')],
    ['a page', Buffer.from('<!DOCTYPE html><script>alert(1)</script>')],
    ['an archive', Buffer.from('504b0304140000000000', 'hex')],
    ['a program', Buffer.from('7f454c4602010100', 'hex')],
    ['an icon', Buffer.from('00000100010010100000010020006804000016000000', 'hex')],
    ['one byte', Buffer.from([0xff])],
    ['noise', randomBytes(3000)],
  ];
  const huge: [string, Buffer][] = [
    ...claims,
    ['a BMP that claims 60,000 x 60,000', bitmap(60_000, 60_000)],
    ['a PNG that claims 65,536 x 65,536', png(65_536, 65_536, deflateSync(Buffer.alloc(1000)))],
    ['a PNG of 51 million pixels', png(10_200, 5_000, deflateSync(Buffer.alloc(10_200 * 5_000 * 3 + 5_000)))],
  ];
  const foreign: [string, Buffer][] = [
    ['a WebP', await picture.webp().toBuffer()],
    ['an AVIF', await picture.avif().toBuffer()],
    ['a TIFF', await picture.tiff().toBuffer()],
    ['a PPM', Buffer.concat([Buffer.from('P6\n16 16\n255\n'), randomBytes(768)])],
  ];
  const odd: [string, Buffer][] = [
    ['a picture of 10,241 pixels', await plain(10_241, 500)],
    ['a strip', await plain(10, 261)],
  ];
  const format = { status: 'ErrorImageFormat', refusal: 'BadRequestImageFormat' } as const;
  return [
    ...damaged.map(([what, bytes]) => ({ what, bytes, ...format })),
    ...huge.map(([what, bytes]) => ({ what, bytes, ...format, status: 'ErrorImageDimensions' }) as const),
    ...foreign.map(([what, bytes]) => ({ what, bytes, status: format.status, refusal: undefined })),
    ...odd.map(([what, bytes]) => ({ what, bytes, status: 'ErrorImageDimensions', refusal: undefined }) as const),
    {
      what: 'one of 6 MiB and a byte',
      bytes: Buffer.concat([jpeg, Buffer.alloc(6 * MIB + 1 - jpeg.length)]),
      status: 'ErrorImageSize',
      refusal: 'BadRequestImageSizeBytes',
    },
  ];
}

/** Pictures with something behind or in them: what counts is that a decoder reads them. */
export async function polyglots(): Promise<[what: string, bytes: Buffer][]> {
  const picture = sharp({ create: { width: 40, height: 40, channels: 3, background: 'plum' } });
  const [jpeg, whole] = [await picture.jpeg().toBuffer(), await picture.png().toBuffer()];
  return [
    ['a PNG with an archive behind it', Buffer.concat([whole, Buffer.from('504b0304140000000000', 'hex')])],
    ['a PNG with a page behind it', Buffer.concat([whole, Buffer.from('<script>alert(1)</script>')])],
    ['a JPEG with a script in its comment', Buffer.concat([jpeg.subarray(0, 2), comment('*/=alert(1);/*'), jpeg.subarray(2)])], // prettier-ignore
    ['an animation', await sharp({ create: { width: 8, height: 24, channels: 3, background: 'red', pageHeight: 8 } }).gif().toBuffer()], // prettier-ignore
    ['a picture of one pixel', png(1, 1, deflateSync(Buffer.from([0, 9, 9, 9])), randomBytes(8))],
    ['a BMP', bitmap(16, 16)],
  ];
}

function plain(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: 'olive' } })
    .png()
    .toBuffer();
}

/** 24 bits a pixel; the pixels are those of 16 x 16 whatever it claims. */
export function bitmap(width: number, height: number, pixels = randomBytes(768)): Buffer {
  const header = Buffer.alloc(54);
  header.write('BM', 'latin1');
  header.writeUInt32LE(54 + 768, 2);
  header.writeUInt32LE(54, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(24, 28);
  header.writeUInt32LE(768, 34);
  return Buffer.concat([header, pixels]);
}

function comment(text: string): Buffer {
  const head = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
  return Buffer.concat([head, Buffer.from(text)]);
}

function patched(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  if (at === 28) copy.writeUInt16LE(value, at);
  else copy.writeUInt32LE(value, at);
  return copy;
}
