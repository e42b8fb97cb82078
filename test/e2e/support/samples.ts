import { PNG_SIGNATURE, pngChunk as chunk } from '@pentaprism/testing';
import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';

export { PNG_SIGNATURE, pngChunk as chunk } from '@pentaprism/testing';

/** A real PNG of one pixel; each call's differs in a comment. */
export function tinyPng(): Buffer {
  return png(1, 1, deflateSync(Buffer.from([0, 255, 0, 0])), randomBytes(8));
}

/** A PNG that claims any size, with whatever pixels. */
export function png(width: number, height: number, pixels: Buffer, comment = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits a channel, RGB.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    PNG_SIGNATURE,
    chunk('IHDR', header),
    chunk('tEXt', Buffer.concat([Buffer.from('Comment\0'), Buffer.from(comment.toString('hex'))])),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Bytes that no format claims: as a DICOM file, a preamble and a mark that is none of the known ones. */
export function unknownBytes(size = 1000): Buffer {
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), randomBytes(size)]);
}
