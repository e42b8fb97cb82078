import type { Random } from '@pentaprism/domain';
import sharp from 'sharp';

const [WIDTH, HEIGHT] = [48, 32];

/** What pictures are of: a model tells them apart by their colour alone. */
export const CLASSES = ['warm', 'cold'] as const;
export type Class = (typeof CLASSES)[number];

/** Of noise, so that no other picture has its bytes. */
export function visionPicture(random: Random, of: Class): Promise<Buffer> {
  const strong = of === 'warm' ? 0 : 2;
  const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => random() * (i % 3 === strong ? 255 : 60));
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .png()
    .toBuffer();
}
