import sharp from 'sharp';

const SIZE = 96;

/** Returns a PNG of a shape on a grey ground with some noise. Each seed gives another picture. */
export function drawing(shape: 'disc' | 'stripes', seed: number): Promise<Buffer> {
  const [x, y] = [30 + ((seed * 7) % 36), 30 + ((seed * 13) % 36)];
  const color = [(seed * 53) % 256, (seed * 97) % 256, (seed * 151) % 256];
  const pixels = Buffer.alloc(SIZE * SIZE * 3);
  for (let row = 0; row < SIZE; row++)
    for (let column = 0; column < SIZE; column++) {
      const drawn = shape === 'disc' ? Math.hypot(column - x, row - y) < 24 : (column + seed) % 12 < 6;
      const noise = (row * 31 + column * 17 + seed * 7) % 23;
      color.forEach((value, i) => (pixels[(row * SIZE + column) * 3 + i] = drawn ? value : 200 + noise));
    }
  return sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } })
    .png()
    .toBuffer();
}
