import { PICTURE_TAGS, TiffCopy } from './tiff-copy.js';
import { TAG, type TiffEntry, type TiffHeader } from './tiff-header.js';
import { isJpeg, isTiled } from './tiff-layout.js';
import { damaged } from './undecodable.js';

/** A file that libvips reads, and from which kind of remark on it gives up. */
export interface TiffSource {
  readonly bytes: Uint8Array;
  readonly failOn: 'warning' | 'error';
}

/**
 * Returns what libvips is given of a TIFF whose pixels it reads rightly: the file itself or, if it has tiles or an
 * orientation that libtiff refuses, a copy of its first page.
 *
 * @throws DomainError UNDECODABLE_IMAGE where a tile is cut off
 */
export function sourceOf(bytes: Uint8Array, header: TiffHeader): TiffSource {
  if (isTiled(header)) checkStored(bytes, header);
  const strictness = failOn(bytes, header);
  if (strictness === 'error' && !header.hasOddOrientation) return { bytes, failOn: strictness };
  const tags = header.orientation === 1 ? PICTURE_TAGS : [...PICTURE_TAGS, TAG.orientation];
  return { bytes: new TiffCopy(bytes, header).firstPage(tags), failOn: strictness };
}

/**
 * libvips leaves a tile black that it cannot decompress, and calls that a warning. Other warnings are about tags that say
 * nothing of the pixels, so this is for copies without them. Damage in JPEG is an error anyway.
 */
export function failOn(bytes: Uint8Array, header: TiffHeader): TiffSource['failOn'] {
  return isTiled(header) && !isJpeg(header) && !isSparse(bytes, header) ? 'warning' : 'error';
}

/** @throws DomainError UNDECODABLE_IMAGE where something that belongs to the picture is cut off, even if it is not shown */
export function checkStored(bytes: Uint8Array, header: TiffHeader): void {
  const { offsets, lengths } = placesOf(header);
  for (let i = 0; i < offsets.count; i++) {
    if (valueOf(bytes, header, offsets, i) + valueOf(bytes, header, lengths, i) > bytes.length) throw damaged();
  }
}

/** Whether tiles without anything in them are not stored, as GDAL does it; libtiff takes them for damage. */
function isSparse(bytes: Uint8Array, header: TiffHeader): boolean {
  const { lengths } = placesOf(header);
  for (let i = 0; i < lengths.count; i++) if (valueOf(bytes, header, lengths, i) === 0) return true;
  return false;
}

function placesOf({ entries }: TiffHeader): { readonly offsets: TiffEntry; readonly lengths: TiffEntry } {
  const offsets = entries.get(TAG.stripOffsets) ?? entries.get(TAG.tileOffsets);
  const lengths = entries.get(TAG.stripByteCounts) ?? entries.get(TAG.tileByteCounts);
  if (offsets === undefined || lengths === undefined || offsets.count !== lengths.count) throw damaged();
  return { offsets, lengths };
}

function valueOf(bytes: Uint8Array, { isLittleEndian }: TiffHeader, entry: TiffEntry, index: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = entry.valuesAt + index * entry.size;
  if (at + entry.size > bytes.length) throw damaged();
  if (entry.size === 2) return view.getUint16(at, isLittleEndian);
  return entry.size === 4 ? view.getUint32(at, isLittleEndian) : Number(view.getBigUint64(at, isLittleEndian));
}
