import { MAX_PAGES } from './limits.js';
import { damaged } from './undecodable.js';

const [SCREEN, DESCRIPTOR] = [13, 10];
const [EXTENSION, IMAGE] = [0x21, 0x2c];

/**
 * Returns the index of the first frame that has pixels. Frames without any are allowed, and libvips would show the empty
 * screen for one.
 *
 * Source: Graphics Interchange Format, version 89a, sections 18 to 23.
 *
 * @throws DomainError UNDECODABLE_IMAGE where there is none
 */
export function firstFrameWithPixels(bytes: Uint8Array): number {
  const byte = (at: number): number => {
    const value = bytes[at];
    if (value === undefined) throw damaged();
    return value;
  };
  const tableBytes = (flags: number): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  const afterBlocks = (from: number): number => {
    let at = from;
    while (byte(at) !== 0) at += byte(at) + 1;
    return at + 1;
  };
  let at = SCREEN + tableBytes(byte(10));
  for (let frame = 0; frame < MAX_PAGES;) {
    const kind = byte(at);
    if (kind === EXTENSION) at = afterBlocks(at + 2);
    else if (kind === IMAGE) {
      const [width, height] = [byte(at + 5) | byte(at + 6), byte(at + 7) | byte(at + 8)];
      if (width !== 0 && height !== 0) return frame;
      at = afterBlocks(at + DESCRIPTOR + tableBytes(byte(at + 9)) + 1);
      frame++;
    } else throw damaged();
  }
  throw damaged();
}
