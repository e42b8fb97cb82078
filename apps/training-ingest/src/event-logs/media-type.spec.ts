import { describe, expect, it } from '@jest/globals';
import { imageMediaType } from './media-type.js';

describe('imageMediaType', () => {
  it.each([
    ['\x89PNG\r\n\x1a\n', 'image/png'],
    ['\x89PNG\r\n\x1a\nmore', 'image/png'],
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['GIF87a', 'image/gif'],
    ['GIF89a', 'image/gif'],
    ['BM', 'image/bmp'],
    ['\x89PNG', 'application/octet-stream'],
    ['RIFF\x00\x00\x00\x00WEBPVP8 ', 'application/octet-stream'],
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])('takes bytes that begin with %j for %s', (bytes, mediaType) => {
    const image = Buffer.from(`before${bytes}`, 'latin1').subarray(6);
    expect(imageMediaType(image)).toBe(mediaType);
  });
});
