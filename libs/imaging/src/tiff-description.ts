import type { Metadata } from 'sharp';
import { colorProfileOf } from './color-profile.js';
import { sharp } from './configured-sharp.js';
import type { ImageMetadata } from './image-metadata.js';
import { readTiffHeader, SAMPLE_FORMAT, type TiffHeader } from './tiff-header.js';
import { layoutOf, type TiffLayout } from './tiff-layout.js';
import { STORAGE_TAGS } from './tiff-copy.js';
import { asGray } from './tiff-numbers.js';
import { damaged } from './undecodable.js';

export interface TiffDescription {
  readonly header: TiffHeader;
  readonly layout: TiffLayout;
}

/**
 * Reads the header of a TIFF, and decides how its pixels are read.
 *
 * @param check throws where the size is beyond the limits
 * @throws DomainError UNDECODABLE_IMAGE
 */
export async function readTiff(
  bytes: Uint8Array,
  check: (header: TiffHeader) => void,
): Promise<{ pages: number; metadata: ImageMetadata; tiff: TiffDescription }> {
  const header = readTiffHeader(bytes);
  check(header);
  const layout = layoutOf(header, bytes.length);
  const { samplesPerPixel, isPlanar, width, height } = header;
  // libvips reads the header as well, so that both agree on it.
  const known =
    layout.kind === 'numbers'
      ? await readHeader(
          asGray(bytes, header, isPlanar ? 1 : samplesPerPixel, isPlanar ? 0 : undefined).allPages(STORAGE_TAGS),
        )
      : await readHeader(bytes);
  if (known.height !== height || (layout.kind !== 'numbers' && known.width !== width)) throw damaged();
  const turned = header.orientation >= 5;
  const metadata: ImageMetadata = {
    autoOrient: turned ? { width: height, height: width } : { width, height },
    orientation: header.orientation,
    space: layout.kind === 'numbers' ? spaceOf(header, layout.colors) : known.space,
    channels: samplesPerPixel as ImageMetadata['channels'],
    depth: layout.kind === 'numbers' ? 'uchar' : known.depth,
    bitsPerSample: header.bitsPerSample,
    hasAlpha: layout.hasAlpha,
    profile: layout.kind === 'numbers' ? 'none' : colorProfileOf(known),
  };
  return { pages: known.pages ?? 1, metadata, tiff: { header, layout } };
}

async function readHeader(bytes: Uint8Array): Promise<Metadata> {
  const metadata = await sharp(bytes, { failOn: 'error', limitInputPixels: false })
    .metadata()
    .catch((error: unknown) => {
      throw damaged(error);
    });
  if (metadata.mediaType !== 'image/tiff') throw damaged();
  return metadata;
}

/** In libvips' words, as it names files that it reads itself. */
function spaceOf({ bitsPerSample, sampleFormat }: TiffHeader, colors: string): ImageMetadata['space'] {
  if (colors.endsWith('lab')) return 'lab';
  const is16 = bitsPerSample === 16 && sampleFormat !== SAMPLE_FORMAT.float;
  if (colors.endsWith('gray')) return is16 ? 'grey16' : 'b-w';
  if (sampleFormat === SAMPLE_FORMAT.float) return 'scrgb';
  return is16 ? 'rgb16' : 'srgb';
}
