import { damaged, undecodable } from './undecodable.js';

/** What the header of a BMP claims. */
export interface BitmapHeader {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
  /** Whether a mask says where alpha is. The fourth byte of other 32-bit pixels means nothing. */
  readonly hasAlpha: boolean;
  /** How many bytes the file has at least. */
  readonly minLength: number;
}

const FILE_HEADER = 14;
/** OS/2's first one, which has fewer fields than all others. */
const CORE = 12;
/** Windows' own, of which all later ones are longer. */
const INFO = 40;
/** OS/2's second: the fields of Windows' own, and others that say nothing of the pixels. */
const OS2 = 64;
/** Core, info; info with masks of 3 and of 4 channels; OS/2's second one; versions 4 and 5. */
const HEADER_SIZES: readonly number[] = [CORE, INFO, 52, 56, OS2, 108, 124];
/** Headers that say where alpha is. OS/2's second one has other things there. */
const WITH_ALPHA_MASK: readonly number[] = [56, 108, 124];
const ALPHA_MASK = FILE_HEADER + 52;

const [PLAIN, RLE8, RLE4, BIT_FIELDS] = [0, 1, 2, 3];
/** Bits of a pixel that each way to store them knows. */
const DEPTHS = new Map<number, readonly number[]>([
  [PLAIN, [1, 4, 8, 16, 24, 32]],
  [RLE8, [8]],
  [RLE4, [4]],
  [BIT_FIELDS, [16, 32]],
]);

/**
 * Reads and checks the headers of a BMP. Nothing is allocated for what they claim.
 *
 * Source: Microsoft's documentation of BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and
 * BITMAPV5HEADER, and IBM's of BITMAPINFOHEADER2.
 *
 * @param bytes begin with `BM`
 * @throws DomainError UNDECODABLE_IMAGE
 */
export function readBitmapHeader(bytes: Uint8Array): BitmapHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < FILE_HEADER + CORE) throw damaged();
  const headerSize = view.getUint32(14, true);
  if (!HEADER_SIZES.includes(headerSize)) throw unknownKind();
  if (view.byteLength < FILE_HEADER + headerSize) throw damaged();
  const fields = headerSize === CORE ? readCore(view) : readInfo(view);
  const { width, height, planes, bits, compression } = fields;
  if (!DEPTHS.get(compression)?.includes(bits)) throw unknownKind();
  if (headerSize === CORE && [16, 32].includes(bits)) throw unknownKind();
  // The same number means another thing there.
  if (headerSize === OS2 && compression === BIT_FIELDS) throw unknownKind();
  const isCompressed = compression === RLE8 || compression === RLE4;
  // Top-down rows are for pixels that are stored plainly.
  if (width <= 0 || height === 0 || planes !== 1 || (height < 0 && isCompressed)) throw damaged();
  const rows = Math.abs(height);
  const bitFields = compression === BIT_FIELDS ? masksBehind(headerSize) : 0;
  const dataAt = view.getUint32(10, true);
  if (dataAt < FILE_HEADER + headerSize + bitFields || dataAt >= view.byteLength) throw damaged();
  const dataLength = isCompressed ? 1 : Math.floor((bits * width + 31) / 32) * 4 * rows;
  const hasMask = compression === BIT_FIELDS && WITH_ALPHA_MASK.includes(headerSize);
  const hasAlpha = hasMask && view.getUint32(ALPHA_MASK, true) !== 0;
  return { width, height: rows, hasAlpha, minLength: dataAt + dataLength };
}

/** @throws DomainError UNDECODABLE_IMAGE for a file that is too short for what it claims */
export function checkBitmapLength({ minLength }: BitmapHeader, bytes: Uint8Array): void {
  if (bytes.length < minLength) throw damaged();
}

/** The bytes for a decoder that does not know OS/2's second header: with the part of it that is Windows' own. */
export function copyForDecoder(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(14, true) !== OS2) return new Uint8Array(bytes);
  const copy = new Uint8Array(bytes.length - (OS2 - INFO));
  copy.set(bytes.subarray(0, FILE_HEADER + INFO));
  copy.set(bytes.subarray(FILE_HEADER + OS2), FILE_HEADER + INFO);
  const header = new DataView(copy.buffer);
  header.setUint32(10, view.getUint32(10, true) - (OS2 - INFO), true);
  header.setUint32(14, INFO, true);
  return copy;
}

interface Fields {
  readonly width: number;
  /** Negative: the first row is the topmost one. */
  readonly height: number;
  readonly planes: number;
  readonly bits: number;
  readonly compression: number;
}

function readCore(view: DataView): Fields {
  return {
    width: view.getUint16(18, true),
    height: view.getUint16(20, true),
    planes: view.getUint16(22, true),
    bits: view.getUint16(24, true),
    compression: PLAIN,
  };
}

function readInfo(view: DataView): Fields {
  return {
    width: view.getInt32(18, true),
    height: view.getInt32(22, true),
    planes: view.getUint16(26, true),
    bits: view.getUint16(28, true),
    compression: view.getUint32(30, true),
  };
}

/** Bytes of masks that follow a header without room for them. */
function masksBehind(headerSize: number): number {
  return headerSize === INFO ? 12 : 0;
}

function unknownKind(): Error {
  return undecodable('unknown_format', 'It is a kind of BMP that is not decoded here.');
}
