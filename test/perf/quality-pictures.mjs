import sharp from 'sharp';
import { drawing, lights, page, screenshot } from './drawn-pictures.mjs';

/** The quality of a picture is measured in a copy that fits a square of this side. */
const COPY_SIDE = 256;
/** Pixels of the longer side of the pictures that are made. */
const MAX_SIDE = 640;
const JPEG_QUALITY = 85;

/**
 * @typedef {object} Picture a photo with its pixels upright
 * @property {Buffer} data its pixels
 * @property {import('sharp').Raw} info
 * @property {number} width
 * @property {number} height
 * @property {number} scale pixels of the picture for one of the copy
 * @property {number} seed
 *
 * @typedef {object} Variant
 * @property {string} name
 * @property {readonly string[]} bad kinds of findings that it has to have
 * @property {readonly string[]} [also] kinds that are right as well
 * @property {(picture: Picture) => Promise<Buffer>} make
 */

/** Decodes a photo. @param {Buffer} bytes @param {number} seed @returns {Promise<Picture>} */
export async function pictureOf(bytes, seed) {
  const photo = sharp(bytes).autoOrient().removeAlpha().resize(MAX_SIDE, MAX_SIDE, { fit: 'inside' });
  const { data, info } = await photo.raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return { data, info, width, height, scale: Math.max(width, height) / COPY_SIDE, seed };
}

/** @param {import('sharp').Sharp} pixels */
const jpeg = (pixels, quality = JPEG_QUALITY) => pixels.jpeg({ quality }).toBuffer();
/** @param {Picture} picture */
const pixelsOf = ({ data, info }) => sharp(data, { raw: info });
/** @param {Picture} picture @param {number} sigma in pixels of the copy */
const blurred = (picture, sigma) => pixelsOf(picture).blur(Math.max(0.3, sigma * picture.scale));

/** Multiplies the light, as a camera does. @param {Picture} picture @param {number} stops */
async function exposed(picture, stops) {
  const factor = 2 ** stops;
  const table = Uint8Array.from({ length: 256 }, (_, value) => {
    const linear = (value / 255) ** 2.2 * factor;
    return Math.round(255 * Math.min(1, linear) ** (1 / 2.2));
  });
  const { data, info } = await pixelsOf(picture).raw().toBuffer({ resolveWithObject: true });
  return sharp(
    data.map((value) => table[value]),
    { raw: info },
  );
}

/** Adds a sensor's noise. @param {import('sharp').Sharp} pixels @param {number} sigma of 255 */
async function noisy(pixels, sigma) {
  const { data, info } = await pixels.raw().toBuffer({ resolveWithObject: true });
  const noisyData = Uint8ClampedArray.from(data, (value) => value + sigma * gaussian());
  return sharp(Buffer.from(noisyData.buffer), { raw: info });
}

let state = 1;
/** A number from 0 to 1. Each run draws the same numbers (xorshift), so that it measures the same pictures. */
function random() {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
}
/** A number with a deviation of 1 (Box-Muller). */
const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Blurs in one direction, as the motion of a camera does. @param {Picture} picture @param {number} length in pixels of the copy */
async function shaken(picture, length) {
  const shrunk = await pixelsOf(picture)
    .resize(COPY_SIDE * 2, COPY_SIDE * 2, { fit: 'inside' })
    .png()
    .toBuffer();
  const size = 2 * Math.round(length) + 1;
  const kernel = Array.from({ length: size * size }, (_, i) => (i % size === Math.floor(i / size) ? 1 : 0));
  return sharp(shrunk).convolve({ width: size, height: size, kernel });
}

/**
 * Puts the middle of the photo, sharp, on something else.
 *
 * @param {Picture} picture @param {import('sharp').Sharp} background @param {number} share of its width
 */
async function subjectOn(picture, background, share) {
  const { width, height } = picture;
  const [ownWidth, ownHeight] = [Math.round(width * share), Math.round(height * share)];
  const middle = pixelsOf(picture).extract({
    left: Math.round(width * 0.25),
    top: Math.round(height * 0.25),
    width: Math.round(width * 0.5),
    height: Math.round(height * 0.5),
  });
  const mask = Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${ownWidth}" height="${ownHeight}"><ellipse cx="50%" cy="50%" rx="50%" ry="50%"/></svg>`,
  );
  const subject = await sharp(await middle.resize(ownWidth, ownHeight, { fit: 'fill' }).png().toBuffer())
    .ensureAlpha()
    .composite([{ input: mask, blend: 'dest-in' }])
    .png()
    .toBuffer();
  return sharp(await background.png().toBuffer()).composite([{ input: subject }]);
}

/** One color. @param {Picture} picture @param {import('sharp').Color} background */
const canvas = ({ width, height }, background) => sharp({ create: { width, height, channels: 3, background } });

/** A night with lamps. @param {Picture} picture */
async function withLights(picture) {
  const dark = await (await exposed(picture, -5)).png().toBuffer();
  return sharp(dark).composite([{ input: lights(picture) }]);
}

/** The outlines of the photo in black on white. @param {Picture} picture */
async function lineArt(picture) {
  const edges = await pixelsOf(picture)
    .resize(COPY_SIDE * 2, COPY_SIDE * 2, { fit: 'inside' })
    .grayscale()
    .blur(2)
    .convolve({ width: 3, height: 3, kernel: [-1, -1, -1, -1, 8, -1, -1, -1, -1], scale: 1 })
    .png()
    .toBuffer();
  return sharp(edges).threshold(12).negate();
}

/** A gradient in one of eight directions. @param {Picture} picture @param {number[]} from @param {number[]} to colors */
function gradient({ width, height, seed }, from, to) {
  const angle = (seed % 8) / 8;
  const [x, y] = [Math.cos(angle * 2 * Math.PI), Math.sin(angle * 2 * Math.PI)];
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const share = 0.5 + (x * ((i % width) / width - 0.5) + y * (Math.floor(i / width) / height - 0.5)) / 1.42;
    for (let c = 0; c < 3; c++) data[i * 3 + c] = Math.round(from[c] + (to[c] - from[c]) * share);
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** The middle of the photo, upright or lying. @param {Picture} picture @param {number} proportions */
function strip(picture, proportions) {
  const { width, height, seed } = picture;
  const [ownWidth, ownHeight] =
    seed % 2 ? [width, Math.floor(width / proportions)] : [Math.floor(height / proportions), height];
  return pixelsOf(picture).extract({
    left: Math.floor((width - ownWidth) / 2),
    top: Math.floor((height - ownHeight) / 2),
    width: ownWidth,
    height: ownHeight,
  });
}

/** The first bytes. @param {Buffer} bytes @param {number} share */
const beginning = (bytes, share) => bytes.subarray(0, Math.floor(bytes.length * share));

/** Pictures that nothing is wrong with. @type {readonly Variant[]} */
const GOOD = [
  ['as it is', (picture) => jpeg(pixelsOf(picture), 95)],
  ['strongly compressed', (picture) => jpeg(pixelsOf(picture), 35)],
  ['one stop darker', async (picture) => jpeg(await exposed(picture, -1))],
  ['two stops darker', async (picture) => jpeg(await exposed(picture, -2))],
  ['one stop brighter', async (picture) => jpeg(await exposed(picture, 1))],
  ['night with lights', async (picture) => jpeg(await withLights(picture))],
  ['hazy', (picture) => jpeg(pixelsOf(picture).linear(0.35, 120))],
  ['black and white', (picture) => jpeg(pixelsOf(picture).grayscale())],
  ['noisy', async (picture) => jpeg(await noisy(pixelsOf(picture), 12))],
  ['on white', async (picture) => jpeg(await subjectOn(picture, canvas(picture, '#fff'), 0.4))],
  ['small on white', async (picture) => jpeg(await subjectOn(picture, canvas(picture, '#fdfdfd'), 0.2))],
  ['on black', async (picture) => jpeg(await subjectOn(picture, canvas(picture, '#000'), 0.4))],
  ['before a soft background', async (picture) => jpeg(await subjectOn(picture, blurred(picture, 6), 0.3))],
  ['small before a soft background', async (picture) => jpeg(await subjectOn(picture, blurred(picture, 6), 0.18))],
  ['line art', async (picture) => (await lineArt(picture)).png().toBuffer()],
  ['drawing', (picture) => sharp(drawing(picture)).png().toBuffer()],
  ['page of text', (picture) => sharp(page(picture)).png().toBuffer()],
  ['screenshot', (picture) => sharp(screenshot(picture, false)).png().toBuffer()],
  ['dark screenshot', (picture) => sharp(screenshot(picture, true)).png().toBuffer()],
  ['64 pixels', (picture) => jpeg(pixelsOf(picture).resize(64, 64, { fit: 'inside' }))],
  ['three times as wide as high', (picture) => jpeg(strip(picture, 3))],
].map(([name, make]) => ({ name, make, bad: [] }));

/** Pictures that are bad on purpose. @type {readonly Variant[]} */
const BAD = [
  ...[2, 3, 5, 8].map((sigma) => ({
    name: `blurred by ${sigma} pixels`,
    bad: ['blurred'],
    make: (picture) => jpeg(blurred(picture, sigma)),
  })),
  { name: 'shaken', bad: ['blurred'], make: async (picture) => jpeg(await shaken(picture, 9)) },
  {
    name: 'blurred and noisy',
    bad: ['blurred'],
    make: async (picture) => jpeg(await noisy(blurred(picture, 3), 4)),
  },
  { name: 'blurred and compressed', bad: ['blurred'], make: (picture) => jpeg(blurred(picture, 3), 35) },
  {
    name: 'blurred and darker',
    bad: ['blurred'],
    make: (picture) => jpeg(blurred(picture, 3).linear(0.4, 0)),
  },
  { name: 'five stops darker', bad: ['too-dark'], make: async (picture) => jpeg(await exposed(picture, -5)) },
  { name: 'six stops darker', bad: ['too-dark'], make: async (picture) => jpeg(await exposed(picture, -6)) },
  {
    name: 'dark and noisy',
    bad: ['too-dark'],
    make: async (picture) => jpeg(await noisy(await exposed(picture, -5.5), 3)),
  },
  {
    name: 'nearly black',
    bad: ['too-dark'],
    also: ['low-information'],
    make: (picture) => jpeg(pixelsOf(picture).linear(0.06, 4)),
  },
  {
    name: 'five stops brighter',
    bad: ['too-bright'],
    also: ['low-information'],
    make: async (picture) => jpeg(await exposed(picture, 5)),
  },
  { name: 'washed out', bad: ['too-bright'], make: (picture) => jpeg(pixelsOf(picture).linear(0.12, 224)) },
  {
    name: 'nearly white',
    bad: ['too-bright'],
    also: ['low-information'],
    make: (picture) => jpeg(pixelsOf(picture).linear(0.06, 236)),
  },
  {
    name: 'one color',
    bad: ['low-information'],
    make: (picture) => jpeg(canvas(picture, { r: picture.seed * 4, g: 90, b: 200 - picture.seed * 3 })),
  },
  {
    name: 'one color with noise',
    bad: ['low-information'],
    make: async (picture) => jpeg(await noisy(canvas(picture, { r: 60 + picture.seed * 2, g: 120, b: 140 }), 3)),
  },
  {
    name: 'gradient',
    bad: ['low-information'],
    make: (picture) => jpeg(gradient(picture, [20, 60, 90], [230, 200, 180]), 95),
  },
  {
    name: 'soft gradient',
    bad: ['low-information'],
    make: (picture) => gradient(picture, [100, 110, 120], [150, 150, 140]).png().toBuffer(),
  },
  { name: 'faint', bad: ['low-information'], make: (picture) => jpeg(pixelsOf(picture).linear(0.03, 120)) },
  { name: '24 pixels', bad: ['tiny'], make: (picture) => jpeg(pixelsOf(picture).resize(24, 24, { fit: 'inside' })) },
  { name: '31 pixels', bad: ['tiny'], make: (picture) => jpeg(pixelsOf(picture).resize(40, 31, { fit: 'fill' })) },
  { name: 'strip of 5', bad: ['odd-proportions'], make: (picture) => jpeg(strip(picture, 5)) },
  { name: 'strip of 9', bad: ['odd-proportions'], make: (picture) => jpeg(strip(picture, 9)) },
  { name: 'half of a JPEG', bad: ['cut-off'], make: async (picture) => beginning(await jpeg(pixelsOf(picture)), 0.5) },
  { name: 'most of a JPEG', bad: ['cut-off'], make: async (picture) => beginning(await jpeg(pixelsOf(picture)), 0.93) },
  {
    name: 'half of a PNG',
    bad: ['cut-off'],
    make: async (picture) => beginning(await pixelsOf(picture).png().toBuffer(), 0.5),
  },
  {
    name: 'text',
    bad: ['not-an-image'],
    make: async ({ seed }) => Buffer.from(`<html>${'page not found '.repeat(seed + 3)}`),
  },
  { name: 'nothing', bad: ['empty-file'], make: async () => Buffer.alloc(0) },
];

/** Pictures that are made of each photo. */
export const VARIANTS = [...GOOD, ...BAD];
