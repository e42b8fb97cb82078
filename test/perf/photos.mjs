import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';

const [WIDTH, HEIGHT] = [1440, 1080];
/** Pictures that differ in every pixel; more files than these differ in a comment only, which costs a decoder nothing. */
const DISTINCT = 16;

/**
 * JPEG files of about 300 kB that cost what photos cost: soft shapes, texture and sensor noise.
 * @param {string} directory @param {number} count
 * @returns {Promise<{ path: string, bytes: Buffer }[]>}
 */
export async function makePhotos(directory, count) {
  mkdirSync(directory, { recursive: true });
  const pictures = [];
  for (let i = 0; i < Math.min(DISTINCT, count); i++) pictures.push(await makePicture());
  return Array.from({ length: count }, (_, i) => {
    const photo = { path: path.join(directory, `${i}.jpg`), bytes: withComment(pictures[i % pictures.length]) };
    writeFileSync(photo.path, photo.bytes);
    return photo;
  });
}

async function makePicture() {
  const shapes = await enlarge(12, 9, 255);
  const texture = await enlarge(160, 120, 48);
  const grain = await enlarge(720, 540, 24);
  const pixels = Buffer.alloc(shapes.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.min(255, (shapes[i] * 3) / 4 + texture[i] + grain[i]);
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 86 })
    .toBuffer();
}

/** Noise from 0 to `top`, made large. @param {number} width @param {number} height @param {number} top */
function enlarge(width, height, top) {
  const noise = randomBytes(width * height * 3).map((value) => (value * top) / 255);
  return sharp(noise, { raw: { width, height, channels: 3 } })
    .resize(WIDTH, HEIGHT, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
}

/** Puts a comment segment of its own behind the first marker. @param {Buffer} jpeg */
export function withComment(jpeg) {
  const text = randomBytes(16);
  const head = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, text, jpeg.subarray(2)]);
}
