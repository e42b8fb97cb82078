import { sniffMediaType, UNKNOWN_MEDIA_TYPE } from '@pentaprism/domain';

/** Extensions of files that are meant as images, whatever their bytes are. */
const IMAGE_EXTENSIONS = new Set(
  'jpg jpeg jpe jfif mpo png gif bmp dib tif tiff webp avif ppm pgm pbm pam pnm heic heif svg jp2 ico'.split(' '),
);

/** Formats of files that are meant as images, by bytes at an offset. */
const OTHER_FORMATS: readonly (readonly [name: string, offset: number, start: string])[] = [
  ['a HEIC image', 4, 'ftyphei'],
  ['a HEIC image', 4, 'ftyphev'],
  ['a HEIC image', 4, 'ftypmif1'],
  ['a HEIC image', 4, 'ftypmsf1'],
  ['a JPEG 2000 image', 4, 'jP  '],
  ['an icon', 0, '\0\0\x01\0'],
  ['a PAM image', 0, 'P7\n'],
  ['a PDF document', 0, '%PDF-'],
  ['an archive', 0, 'PK\x03\x04'],
  ['an archive', 0, '\x1f\x8b'],
  ['an archive', 0, 'Rar!'],
  ['an archive', 0, '7z\xbc\xaf'],
];

/** A PBM: the numbers of its header may have blanks and comments before them. */
const PBM = /^P[14](?:\s|#[^\r\n]*[\r\n])+\d/;
const SVG = /^\s*(?:(?:<\?xml[^>]*>|<!--(?:(?!-->)[^])*-->|<!doctype svg[^>]*>)\s*)*<svg/i;
const HTML = /^\s*<(!doctype html|html)/i;

/** Returns the extension of the last part of a path in lower case, without the dot. */
export function extensionOf(path: string): string {
  return /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
}

export function hasImageExtension(path: string): boolean {
  return IMAGE_EXTENSIONS.has(extensionOf(path));
}

/** Returns whether the first bytes of a file are those of an image format that is decoded here. */
export function isImage(head: Uint8Array): boolean {
  return sniffMediaType(head) !== UNKNOWN_MEDIA_TYPE;
}

/** Says what a file is that `isImage` rejects: "the file is a PDF document, which cannot be decoded". */
export function notAnImage(head: Uint8Array): string {
  const start = latin1(head.subarray(0, 1024));
  const format = OTHER_FORMATS.find(([, offset, signature]) => start.startsWith(signature, offset));
  if (format !== undefined) return `the file is ${format[0]}, which cannot be decoded`;
  if (PBM.test(start)) return 'the file is a PBM bitmap, which cannot be decoded';
  if (SVG.test(start)) return 'the file is an SVG drawing, which cannot be decoded';
  if (HTML.test(start)) return 'the file is a web page, not an image';
  return isText(head.subarray(0, 256)) ? 'the file is text, not an image' : 'the file is not an image';
}

function isText(head: Uint8Array): boolean {
  return !head.some((byte) => byte < 9 || (byte > 13 && byte < 32 && byte !== 27) || byte === 127);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
