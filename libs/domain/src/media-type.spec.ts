import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sniffMediaType, UNKNOWN_MEDIA_TYPE } from './media-type.js';

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('sniffMediaType', () => {
  it.each([
    ['image/png', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR'],
    ['image/jpeg', '\xff\xd8\xff\xe0\0\x10JFIF'],
    ['image/gif', 'GIF87a\x01\0\x01\0'],
    ['image/gif', 'GIF89a/*\0<script>'],
    ['image/webp', 'RIFF\x24\0\0\0WEBPVP8 '],
    ['image/bmp', 'BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0'],
    ['image/tiff', 'II*\0\x08\0\0\0'],
    ['image/tiff', 'MM\0*\0\0\0\x08'],
    ['image/avif', '\0\0\0\x1cftypavif\0\0\0\0mif1miaf'],
    ['image/avif', '\0\0\0\x1cftypmif1\0\0\0\0miafavif'],
    ['image/avif', '\0\0\0\x14ftypavis\0\0\0\0avis'],
    ['image/x-portable-pixmap', 'P6\n640 480\n255\n\x01\x02\x03'],
    ['image/x-portable-pixmap', 'P6\n# CREATOR: GIMP PNM Filter Version 1.1\n640 480\n255\n'],
    ['image/x-portable-pixmap', 'P3#a\r\n1\t1 #b\n1 0 0 0'],
    ['image/x-portable-graymap', 'P5 1234567890 1234567890 65535 '],
    ['image/x-portable-graymap', 'P2\n1 1\n255 9'],
    ['image/x-portable-graymap', 'P5\n12'],
  ])('recognises %s', (mediaType, head) => {
    expect(sniffMediaType(bytes(head))).toBe(mediaType);
  });

  it.each([
    ['nothing', ''],
    ['text that begins like a bitmap', 'BMW builds cars in Munich.'],
    ['text that begins like a pixmap', 'P3 is a format.'],
    ['a number behind the beginning of a pixmap', 'P6 2024 was a good year.'],
    ['a letter after the size of a pixmap', 'P6 16 16 x'],
    ['a pixmap without a blank', 'P6640 480 255 '],
    ['a bitmap of netpbm', 'P4\n16 16\n'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['PDF', '%PDF-1.7'],
    ['HTML', '<!doctype html>'],
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    ['a sound in RIFF', 'RIFF\x24\0\0\0WAVEfmt '],
    ['an AVIF brand as the version', '\0\0\0\x14ftypisomavifmif1'],
    ['an AVIF brand behind the box', '\0\0\0\x10ftypisom\0\0\0\0avif'],
    ['a cut PNG signature', '\x89PNG\r\n'],
    ['an archive', 'PK\x03\x04'],
  ])('calls %s unknown', (_what, head) => {
    expect(sniffMediaType(bytes(head))).toBe(UNKNOWN_MEDIA_TYPE);
  });

  it('looks at the beginning only, and takes any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 64 }), (any) => {
        expect(sniffMediaType(any)).toBe(sniffMediaType(any.subarray(0, 32)));
      }),
    );
  });
});
