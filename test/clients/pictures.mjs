import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';

const SIDE = 120;
export const CLASSES = ['disc', 'stripes', 'check'];
/** Of each class. The last ones are for predictions: no client trains with them. */
export const PICTURES = 12;

/** What each class looks like, with a number that makes every picture another one. */
const SHAPES = {
  disc: (n) =>
    `<rect width="100%" height="100%" fill="rgb(18,26,${110 + n})"/>` +
    `<circle cx="${45 + n}" cy="${70 - n}" r="${26 + (n % 5)}" fill="rgb(240,215,${n})"/>`,
  stripes: (n) =>
    `<rect width="100%" height="100%" fill="#f5f5f5"/>` +
    Array.from({ length: 8 }, (_, i) => `<rect x="${i * 16 - n}" width="8" height="100%" fill="#cd1419"/>`).join(''),
  check: (n) =>
    `<rect width="100%" height="100%" fill="#0a0c0a"/>` +
    Array.from({ length: 32 }, (_, i) => {
      const [x, y] = [(i % 4) * 30 + (Math.floor(i / 4) % 2) * 15 - n, Math.floor(i / 4) * 15];
      return `<rect x="${x}" y="${y}" width="15" height="15" fill="rgb(20,${150 + n},45)"/>`;
    }).join(''),
};

/**
 * Pictures of three classes that any model tells apart, as `DIRECTORY/CLASS-NUMBER.png`, never the same twice.
 * @param {string} directory
 */
export async function makePictures(directory) {
  mkdirSync(directory, { recursive: true });
  for (const name of CLASSES)
    for (let n = 0; n < PICTURES; n++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${SHAPES[name](n)}</svg>`;
      const png = await sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
      writeFileSync(path.join(directory, `${name}-${n}.png`), png);
    }
}
