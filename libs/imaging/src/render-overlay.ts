import { sharp } from './configured-sharp.js';
import { readImageHeader, type ImageHeader } from './image-header.js';
import { OVERLAY_MAX_SIDE, THUMBNAIL_SIDE } from './limits.js';
import { decodeImage } from './open-image.js';
import { rawInput, type RawImage } from './raw-image.js';

/** A value for each cell of a grid that covers the whole picture: rows × columns numbers from 0 to 255, row by row. */
export interface OverlayMap {
  readonly rows: number;
  readonly columns: number;
  readonly values: Uint8Array;
}

/** A picture with a heat map on it. */
export interface Overlay {
  /** sRGB, upright, without metadata. */
  readonly bytes: Buffer;
  readonly mediaType: 'image/jpeg';
  readonly width: number;
  readonly height: number;
}

/** Share of the map's color where the map is strongest. More would hide what the picture shows there. */
const MAX_OPACITY = 0.6;

/**
 * Draws a map on the picture, which is reduced to fit `OVERLAY_MAX_SIDE`. The colors are viridis, which is perceptually uniform
 * and safe for the color-blind. The stronger the map, the more opaque its color.
 *
 * The picture becomes gray, so that each color belongs to the map: on green and yellow leaves, viridis cannot be seen.
 * Transparency lies on white, as in `createModelInput`.
 *
 * @throws DomainError UNDECODABLE_IMAGE with a sentence for users and `details.reason`
 * @throws RangeError for a map without cells, or with another number of values
 */
export async function renderOverlay(bytes: Uint8Array, map: OverlayMap): Promise<Overlay> {
  checkMap(map);
  const header = await readImageHeader(bytes);
  const picture = await decodeGray(bytes, header);
  const { width, height } = picture;
  const data = blend(picture.data, await scaledUp(map, picture), await heatColors());
  return { bytes: await encode({ data, width, height, channels: 3 }), mediaType: 'image/jpeg', width, height };
}

function checkMap({ rows, columns, values }: OverlayMap): void {
  if (rows >= 1 && columns >= 1 && values.length === rows * columns) return;
  throw new RangeError(`A map of ${rows} × ${columns} cells cannot have ${values.length} values.`);
}

/** One channel, row by row, upright and on white. */
interface GrayPicture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

function decodeGray(bytes: Uint8Array, header: ImageHeader): Promise<GrayPicture> {
  return decodeImage(bytes, header, async (image) => {
    const { data, info } = await image
      .resize(OVERLAY_MAX_SIDE, OVERLAY_MAX_SIDE, { fit: 'inside', withoutEnlargement: true })
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('b-w')
      .extractChannel(0)
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height };
  });
}

/** Returns the map's value at each pixel. */
function scaledUp({ rows, columns, values }: OverlayMap, { width, height }: GrayPicture): Promise<Buffer> {
  return sharp(values, { raw: { width: columns, height: rows, channels: 1 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer();
}

/** A color and its opacity for each of the map's values. */
interface HeatColors {
  /** Multiplied by their opacity, R, G and B. */
  readonly premultiplied: Float64Array;
  /** The share of the picture that is left. */
  readonly rest: Float64Array;
}

/** Loads the color scale only now, because decode processes start faster without it. */
async function heatColors(): Promise<HeatColors> {
  const { interpolateViridis } = await import('d3-scale-chromatic');
  const premultiplied = new Float64Array(256 * 3);
  const rest = new Float64Array(256);
  for (let value = 0; value < 256; value++) {
    const opacity = MAX_OPACITY * (value / 255);
    const color = Number.parseInt(interpolateViridis(value / 255).slice(1), 16);
    for (let i = 0; i < 3; i++) premultiplied[value * 3 + i] = opacity * ((color >> (16 - 8 * i)) & 255);
    rest[value] = 1 - opacity;
  }
  return { premultiplied, rest };
}

/** Returns RGB pixels. */
function blend(gray: Uint8Array, map: Uint8Array, { premultiplied, rest }: HeatColors): Uint8Array {
  const data = new Uint8Array(gray.length * 3);
  for (let pixel = 0, at = 0; pixel < gray.length; pixel++) {
    const value = map[pixel] as number;
    const picture = (rest[value] as number) * (gray[pixel] as number);
    for (let i = 0; i < 3; i++, at++) data[at] = Math.round((premultiplied[value * 3 + i] as number) + picture);
  }
  return data;
}

/** Encodes as thumbnails are encoded: a picture of few pixels keeps all of its colors. */
function encode(picture: RawImage): Promise<Buffer> {
  const isTiny = Math.max(picture.width, picture.height) <= THUMBNAIL_SIDE;
  return sharp(picture.data, rawInput(picture))
    .jpeg(isTiny ? { quality: 92, chromaSubsampling: '4:4:4' } : { quality: 85 })
    .toBuffer();
}
