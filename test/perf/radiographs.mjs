import { crc32, deflateSync } from 'node:zlib';

export const WIDTH = 2400;
export const HEIGHT = 1708;

/**
 * A 16-bit grayscale PNG as a sensor makes it: soft shapes of 12 bits and noise in the lowest four, rows predicted from
 * the pixel before (filter Sub), deflated at level 6.
 * @param {number} seed another picture for each
 */
export function radiograph(seed, width = WIDTH, height = HEIGHT, level = 6) {
  const stride = 1 + 2 * width;
  const rows = Buffer.alloc(height * stride);
  let noise = (seed * 2654435761 + 1) >>> 0;
  for (let y = 0; y < height; y++) {
    rows[y * stride] = 1;
    let before = 0;
    for (let x = 0; x < width; x++) {
      noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
      const soft = 1900 + 1500 * Math.sin((x + seed * 40) / 310) * Math.cos(y / 270);
      const value = (soft & 0xfff0) | (noise >>> 28);
      const at = y * stride + 1 + 2 * x;
      rows[at] = (value >> 8) - (before >> 8);
      rows[at + 1] = value - before;
      before = value;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([16, 0, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...pieces(deflateSync(rows, { level })).map((piece) => chunk('IDAT', piece)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Encoders write their data in chunks of their buffer. */
function pieces(data, size = 64 * 1024) {
  return Array.from({ length: Math.ceil(data.length / size) }, (_, i) => data.subarray(i * size, (i + 1) * size));
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

const BOUNDARY = 'bench';
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** The body of an upload, in pieces, since the media is large. */
export function uploadOf(media) {
  const part = (name) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`;
  return [
    Buffer.from(`${part('imageInfo')}{"lutInfo":{"gamma":2.3,"totalGrays":4096}}\r\n${part('imageMedia')}`),
    media,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ];
}
