import sharp from 'sharp';

/** Returns a PNG of a shape on a noisy ground. Each seed gives another picture. */
export function drawing(shape: 'disc' | 'stripes', seed: number): Promise<Buffer> {
  const size = 96;
  const [x, y, hue] = [30 + ((seed * 7) % 36), 30 + ((seed * 13) % 36), (seed * 29) % 360];
  const content =
    shape === 'disc'
      ? `<circle cx="${x}" cy="${y}" r="24" fill="hsl(${hue}, 80%, 50%)"/>`
      : Array.from(
          { length: 8 },
          (_, i) => `<rect x="${i * 12 + (seed % 6)}" width="6" height="${size}" fill="hsl(${hue}, 80%, 50%)"/>`,
        ).join('');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}">${content}</svg>`;
  const channels = 3;
  const noise = { type: 'gaussian', mean: 160, sigma: 20 } as const;
  return sharp({ create: { width: size, height: size, channels, background: '#fff', noise } })
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer();
}
