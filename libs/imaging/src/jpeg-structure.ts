import {
  MAX_JPEG_COEFFICIENT_BYTES,
  MAX_JPEG_PIXELS,
  MAX_JPEG_SCAN_PIXELS,
  MAX_JPEG_SCANS,
  MAX_PIXELS,
} from './limits.js';
import { undecodable, unsupported } from './undecodable.js';

/** What the markers of a JPEG say of its frame and scans. Nothing is decoded: 1 ms per megabyte. */
export interface JpegStructure {
  /** Undefined where there is no whole header of a frame. */
  readonly frame: JpegFrame | undefined;
  readonly scans: readonly JpegScan[];
  /** Whether the file says where it ends. */
  readonly hasEnd: boolean;
}

export interface JpegFrame {
  /** The second byte of its marker, which says how pixels are coded: 0xC0 to 0xCF. */
  readonly marker: number;
  readonly bitsPerSample: number;
  readonly width: number;
  readonly height: number;
  readonly components: readonly { readonly id: number; readonly across: number; readonly down: number }[];
}

export interface JpegScan {
  readonly components: readonly number[];
  /** First and last coefficient, and bits that are still missing after it. */
  readonly from: number;
  readonly to: number;
  readonly shift: number;
}

const [START_OF_SCAN, END_OF_IMAGE] = [0xda, 0xd9];
/** Tables and an extension that have numbers among those of frames. */
const NO_FRAMES = [0xc4, 0xc8, 0xcc];
const [LOSSLESS, JPEG_LS] = [0xc3, 0xf7];
const COEFFICIENTS = 64;

/**
 * Reads the markers of a JPEG, until it has more scans than are decoded. What does not look like a marker is skipped.
 *
 * @param untilEnd also behind the first scan of a JPEG whose scans cost no more than their length
 */
export function readJpegStructure(bytes: Uint8Array, untilEnd = false): JpegStructure {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const scans: JpegScan[] = [];
  let frame: JpegFrame | undefined;
  let at = 2;
  while (scans.length <= MAX_JPEG_SCANS) {
    // Not `indexOf`: calls would take a hundred times as long where all bytes are 0xFF.
    while (at < file.length && file[at] !== 0xff) at += 1;
    if (at + 2 > file.length) break;
    const marker = file[at + 1] as number;
    if (marker === END_OF_IMAGE) return { frame, scans, hasEnd: true };
    if (!hasLength(marker) || at + 4 > file.length) {
      // Coded pixels, restart markers among them; or filling.
      at += 1;
      continue;
    }
    // At least 2: the length counts itself.
    const next = at + 2 + Math.max(2, file.readUInt16BE(at + 2));
    const body = file.subarray(at + 4, next);
    if (marker === START_OF_SCAN) scans.push(scanOf(body));
    else if (isFrame(marker)) frame ??= frameOf(marker, body);
    at = next;
    if (!untilEnd && scans.length > 0 && frame !== undefined && !isProgressive(frame)) break;
  }
  return { frame, scans, hasEnd: false };
}

/**
 * @throws DomainError UNDECODABLE_IMAGE for what libjpeg would work on for too long or with too much memory, and for what it
 * does not decode
 */
export function checkJpeg(structure: JpegStructure): void {
  const { frame, scans } = structure;
  if (frame === undefined) return;
  if (frame.bitsPerSample !== 8) {
    throw unsupported(`It is a JPEG of ${frame.bitsPerSample} bits per sample; JPEG files of 8 bits are decoded.`);
  }
  if (!isCosine(frame) && frame.marker !== LOSSLESS) {
    throw unsupported('It is a hierarchical JPEG or a JPEG-LS, which are not decoded here.');
  }
  if (!isProgressive(frame)) return;
  if (scans.length > MAX_JPEG_SCANS) throw undecodable('too_large', `It has more than ${MAX_JPEG_SCANS} scans.`);
  const pixels = frame.width * frame.height;
  if (scans.length * pixels > MAX_JPEG_SCAN_PIXELS) {
    const claim = `${scans.length} scans of ${frame.width} × ${frame.height} pixels`;
    throw undecodable(
      'too_many_pixels',
      `It has ${claim}; scans of ${MAX_JPEG_SCAN_PIXELS / 1e6} megapixels together are decoded.`,
    );
  }
}

/** Pixels that a JPEG may have: it is reduced while it is decoded, unless all its coefficients are kept until the end. */
export function maxJpegPixels({ frame, scans }: JpegStructure): number {
  if (frame === undefined || !isCosine(frame)) return MAX_PIXELS;
  const keepsAll = isProgressive(frame) || (scans[0]?.components.length ?? 0) < frame.components.length;
  if (!keepsAll) return MAX_JPEG_PIXELS;
  return Math.min(MAX_JPEG_PIXELS, Math.max(MAX_PIXELS, MAX_JPEG_COEFFICIENT_BYTES / coefficientBytesOfPixel(frame)));
}

/** Whether each coefficient of each component has come with all its bits, so that nothing but the end can be missing. */
export function hasAllScans({ frame, scans }: JpegStructure): boolean {
  if (frame === undefined) return false;
  return frame.components.every(({ id }) => {
    const own = scans.filter(({ components }) => components.includes(id));
    if (!isProgressive(frame)) return own.length > 0;
    const missing = Array<number>(COEFFICIENTS).fill(Infinity);
    for (const { from, to, shift } of own) missing.fill(shift, from, to + 1);
    return missing.every((shift) => shift === 0);
  });
}

/** Frames, tables, scans, and what programs add (0xE0 to 0xFE): not the pixel 0xFF, restarts and fill bytes. */
function hasLength(marker: number): boolean {
  const [bare, lone] = [marker < 0xc0 || marker === 0xff, marker >= 0xd0 && marker <= END_OF_IMAGE];
  return !bare && !lone;
}

function isFrame(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && !NO_FRAMES.includes(marker)) || marker === JPEG_LS;
}

/** Baseline, extended and progressive ones, with Huffman's or arithmetic codes. */
function isCosine({ marker }: JpegFrame): boolean {
  return [0xc0, 0xc1, 0xc2, 0xc9, 0xca].includes(marker);
}

function isProgressive({ marker }: JpegFrame): boolean {
  return marker === 0xc2 || marker === 0xca;
}

function frameOf(marker: number, body: Buffer): JpegFrame | undefined {
  if (body.length < 6) return undefined;
  const count = Math.min(body.readUInt8(5), Math.floor((body.length - 6) / 3));
  return {
    marker,
    bitsPerSample: body.readUInt8(0),
    height: body.readUInt16BE(1),
    width: body.readUInt16BE(3),
    components: Array.from({ length: count }, (_, i) => {
      const factors = body.readUInt8(7 + i * 3);
      return { id: body.readUInt8(6 + i * 3), across: Math.max(1, factors >> 4), down: Math.max(1, factors & 15) };
    }),
  };
}

function scanOf(body: Buffer): JpegScan {
  const count = Math.min(body[0] ?? 0, Math.floor(Math.max(0, body.length - 4) / 2));
  return {
    components: Array.from({ length: count }, (_, i) => body[1 + i * 2] as number),
    from: body[1 + count * 2] ?? 0,
    to: body[2 + count * 2] ?? 0,
    shift: (body[3 + count * 2] ?? 0) & 15,
  };
}

/** Each component has as many coefficients as samples, of 2 bytes. */
function coefficientBytesOfPixel({ components }: JpegFrame): number {
  const [across, down] = [Math.max(...components.map((c) => c.across)), Math.max(...components.map((c) => c.down))];
  return components.reduce((sum, c) => sum + (2 * c.across * c.down) / (across * down), 0);
}
