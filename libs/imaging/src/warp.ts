import { inverse, type Affine } from './affine.js';
import type { RawImage } from './raw-image.js';

/**
 * Source positions are 16.16 fixed-point numbers, stepped along a row: over 1,024 pixels the error stays below 0.01 pixel,
 * and sides below 8,192 times any scale of the catalogue stay within 31 bits.
 */
const FRACTION = 16;
const ONE = 1 << FRACTION;

/** Along one row of the new picture: where its first pixel comes from, and how far the source moves per pixel. */
interface Scan {
  readonly u: number;
  readonly v: number;
  readonly du: number;
  readonly dv: number;
}

/**
 * The picture under an affine map, of the same size, interpolated bilinearly. What comes from outside of it is black, or
 * transparent where there is an alpha channel; its border is anti-aliased. Flips are exact.
 *
 * Ours and not sharp's `affine`, which gives the bounding box (up to eight times the pixels for a picture that is enlarged
 * and rotated) with an origin that depends on rounding.
 */
export function warp(image: RawImage, forward: Affine): RawImage {
  const { width, height, channels } = image;
  const back = inverse(forward);
  if (isWholePixelMove(forward)) return move(image, forward);
  const data = new Uint8Array(image.data.length);
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  for (let y = 0; y < height; y++) {
    const scan: Scan = {
      u: Math.round((back.a * -middleX + back.b * (y - middleY) + back.tx + middleX) * ONE),
      v: Math.round((back.c * -middleX + back.d * (y - middleY) + back.ty + middleY) * ONE),
      du: Math.round(back.a * ONE),
      dv: Math.round(back.c * ONE),
    };
    const [from, to] = interior(scan, width, height);
    if (channels === 4) {
      blendRow(image, data, y, scan, 0, width);
    } else {
      blendRow(image, data, y, scan, 0, from);
      copyRow(image, data, y, scan, from, to);
      blendRow(image, data, y, scan, to, width);
    }
  }
  return { data, width, height, channels };
}

/** Flips and shifts by whole pixels only copy, four times as fast. */
function isWholePixelMove({ a, b, c, d, tx, ty }: Affine): boolean {
  return Math.abs(a) === 1 && b === 0 && c === 0 && Math.abs(d) === 1 && Number.isInteger(tx) && Number.isInteger(ty);
}

function move(image: RawImage, { a, d, tx, ty }: Affine): RawImage {
  const { data: source, width, height, channels } = image;
  const data = new Uint8Array(source.length);
  const [from, to] = [Math.max(0, tx), Math.min(width, width + tx)];
  // Where the new column `from` comes from; from there the old columns go up, or down in a mirrored row.
  const left = a === 1 ? from - tx : width - 1 - (from - tx);
  for (let y = Math.max(0, ty); y < Math.min(height, height + ty); y++) {
    const row = d === 1 ? y - ty : height - 1 - (y - ty);
    let p = (row * width + left) * channels;
    let at = (y * width + from) * channels;
    if (a === 1) {
      data.set(source.subarray(p, p + (to - from) * channels), at);
      continue;
    }
    for (const end = at + (to - from) * channels; at < end; at += channels, p -= channels) {
      data[at] = px(source, p);
      data[at + 1] = px(source, p + 1);
      data[at + 2] = px(source, p + 2);
      if (channels === 4) data[at + 3] = px(source, p + 3);
    }
  }
  return { ...image, data };
}

/** The pixels [from, to) of a row whose four neighbours in the source all exist. */
function interior({ u, v, du, dv }: Scan, width: number, height: number): [from: number, to: number] {
  const [fromU, toU] = stepsWithin(u, du, (width - 1) * ONE);
  const [fromV, toV] = stepsWithin(v, dv, (height - 1) * ONE);
  const from = Math.min(width, Math.max(0, fromU, fromV));
  return [from, Math.max(from, Math.min(width, toU, toV))];
}

/** The whole numbers n in [from, to) for which 0 <= start + n × step < limit. */
function stepsWithin(start: number, step: number, limit: number): [from: number, to: number] {
  if (step === 0) return start >= 0 && start < limit ? [0, Infinity] : [0, 0];
  if (step > 0) return [Math.ceil(-start / step), Math.ceil((limit - start) / step)];
  return [Math.floor((limit - start) / step) + 1, Math.floor(-start / step) + 1];
}

/** Opaque pixels within the source: no checks, whole numbers only. Weights have 8 bits an axis and add up to 2^16. */
function copyRow(image: RawImage, out: Uint8Array, y: number, scan: Scan, from: number, to: number): void {
  const source = image.data;
  const stride = image.width * 3;
  const { du, dv } = scan;
  let u = scan.u + from * du;
  let v = scan.v + from * dv;
  let at = (y * image.width + from) * 3;
  for (let x = from; x < to; x++, u += du, v += dv, at += 3) {
    const p = (v >> FRACTION) * stride + (u >> FRACTION) * 3;
    const q = p + stride;
    const fu = (u >> 8) & 255;
    const fv = (v >> 8) & 255;
    out[at] = mix(px(source, p), px(source, p + 3), px(source, q), px(source, q + 3), fu, fv);
    out[at + 1] = mix(px(source, p + 1), px(source, p + 4), px(source, q + 1), px(source, q + 4), fu, fv);
    out[at + 2] = mix(px(source, p + 2), px(source, p + 5), px(source, q + 2), px(source, q + 5), fu, fv);
  }
}

/** Between four neighbours, at `fu` / 256 to the right and `fv` / 256 down. */
function mix(p: number, pRight: number, q: number, qRight: number, fu: number, fv: number): number {
  const above = (p << 8) + (pRight - p) * fu;
  const below = (q << 8) + (qRight - q) * fu;
  return ((above << 8) + (below - above) * fv + 32768) >> 16;
}

/** Any pixels: neighbours outside count as transparent black, and colors weigh as much as they are opaque. */
function blendRow(image: RawImage, out: Uint8Array, y: number, scan: Scan, from: number, to: number): void {
  const { width, height, channels } = image;
  for (let x = from; x < to; x++) {
    const u = scan.u + x * scan.du;
    const v = scan.v + x * scan.dv;
    const left = u >> FRACTION;
    const top = v >> FRACTION;
    if (left < -1 || top < -1 || left >= width || top >= height) continue;
    blendPixel(image, out, (y * width + x) * channels, left, top, (u & (ONE - 1)) / ONE, (v & (ONE - 1)) / ONE);
  }
}

function blendPixel(image: RawImage, out: Uint8Array, at: number, left: number, top: number, fu: number, fv: number) {
  const { data, width, height, channels } = image;
  let [red, green, blue, opacity] = [0, 0, 0, 0];
  for (let tap = 0; tap < 4; tap++) {
    const x = left + (tap & 1);
    const y = top + (tap >> 1);
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const p = (y * width + x) * channels;
    const share = (tap & 1 ? fu : 1 - fu) * (tap >> 1 ? fv : 1 - fv);
    const weight = channels === 4 ? (share * px(data, p + 3)) / 255 : share;
    red += px(data, p) * weight;
    green += px(data, p + 1) * weight;
    blue += px(data, p + 2) * weight;
    opacity += weight;
  }
  if (opacity === 0) return;
  // Without an alpha channel the missing part is black; with one it is in the alpha.
  const whole = channels === 4 ? opacity : 1;
  out[at] = Math.round(red / whole);
  out[at + 1] = Math.round(green / whole);
  out[at + 2] = Math.round(blue / whole);
  if (channels === 4) out[at + 3] = Math.round(opacity * 255);
}

/** Always within the array: the callers see to it. */
const px = (data: Uint8Array, index: number): number => data[index] as number;
