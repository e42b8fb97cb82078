import { MAX_IMAGE_URL_LENGTH } from '@pentaprism/domain';
import { hasImageExtension, isImage } from './image-bytes.js';

const DATA_URL = /^\s*data:[^,]{0,200};base64,/i;
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;
/** Characters of base64 that hold the first bytes of an image. A multiple of four. */
const HEAD_LENGTH = 88;
/** Characters of base64 of the smallest image: a PPM of one pixel. */
const SHORTEST_IMAGE = 16;

/** Returns where the base64 of a cell begins: behind the head of a `data:` URL, or at 0. */
function payloadStart(cell: string): number {
  return DATA_URL.exec(cell.slice(0, 256))?.[0].length ?? 0;
}

/** Returns whether a cell begins as the base64 of an image, also as a `data:` URL, with line breaks and URL-safe. */
export function isImageText(cell: string): boolean {
  if (cell.length < SHORTEST_IMAGE) return false;
  const start = payloadStart(cell);
  // Lines of base64 are longer than this. Words are not.
  if (
    cell
      .slice(start, start + SHORTEST_IMAGE)
      .trim()
      .includes(' ')
  )
    return false;
  const head = withoutSpace(cell.slice(start, start + 2 * HEAD_LENGTH)).slice(0, HEAD_LENGTH);
  return BASE64.test(head) && isImage(Buffer.from(head, 'base64'));
}

/** Decodes the base64 of a cell, whatever its alphabet, padding and line breaks. Returns null for any other text. */
export function decodeImageText(cell: string): Buffer | null {
  const start = payloadStart(cell);
  const payload = cell.slice(start);
  return decode(payload) ?? decode(withoutSpace(payload));
}

/** Node skips characters that are not base64. The length shows whether it did. */
function decode(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  const padding = /={0,2}$/.exec(text.slice(-2))?.[0].length ?? 0;
  return bytes.length === Math.floor(((text.length - padding) * 3) / 4) ? bytes : null;
}

function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Returns whether a cell is an http(s) address. */
export function isAddress(cell: string): boolean {
  if (cell.length > 2 * MAX_IMAGE_URL_LENGTH || !/^\s*https?:\/\//i.test(cell)) return false;
  const address = cell.trim();
  return !/\s/.test(address) && URL.canParse(address);
}

/** Returns whether the path of an address ends like an image. */
export function isImageAddress(cell: string): boolean {
  return isAddress(cell) && hasImageExtension(new URL(cell.trim()).pathname);
}

const IMAGE_WORDS = new Set(['image', 'images', 'img', 'picture', 'pictures', 'pic', 'photo', 'photos', 'thumbnail']);

/** Returns whether the name of a column says that it contains images: `image_url`, `photoUrl`, `Thumbnail`. */
export function isNamedLikeImages(column: string): boolean {
  const words = column.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.split(/[^a-z]+/).some((word) => IMAGE_WORDS.has(word));
}
