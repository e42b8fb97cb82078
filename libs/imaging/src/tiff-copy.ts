import { TAG, type TiffEntry, type TiffHeader } from './tiff-header.js';
import { damaged, unsupported } from './undecodable.js';

const [SHORT, LONG] = [3, 4];

/** Tags that say where bytes are, and how they become rows of numbers. */
export const STORAGE_TAGS: readonly number[] = [
  TAG.width,
  TAG.height,
  TAG.bitsPerSample,
  TAG.compression,
  TAG.photometric,
  TAG.fillOrder,
  TAG.stripOffsets,
  TAG.samplesPerPixel,
  TAG.rowsPerStrip,
  TAG.stripByteCounts,
  TAG.planarConfiguration,
  TAG.t4Options,
  TAG.t6Options,
  TAG.predictor,
  TAG.tileWidth,
  TAG.tileHeight,
  TAG.tileOffsets,
  TAG.tileByteCounts,
];

/** Those tags, and the ones that say how numbers become colors. */
export const PICTURE_TAGS: readonly number[] = [
  ...STORAGE_TAGS,
  TAG.colorMap,
  TAG.inkSet,
  TAG.numberOfInks,
  TAG.extraSamples,
  TAG.sampleFormat,
  TAG.jpegTables,
  TAG.chromaCoefficients,
  TAG.subsampling,
  TAG.chromaPositioning,
  TAG.referenceBlackWhite,
  TAG.colorProfile,
];

/** A copy of a TIFF whose first page can be described in another way. */
export class TiffCopy {
  /** With room for a directory behind it. */
  private readonly file: Buffer<ArrayBuffer>;
  private readonly length: number;

  constructor(
    bytes: Uint8Array,
    private readonly header: TiffHeader,
  ) {
    this.length = bytes.length;
    this.file = Buffer.alloc(bytes.length + 1 + 8 + header.entries.size * 20 + 8);
    this.file.set(bytes);
  }

  /** Writes another value over that of a tag. */
  write(tag: number, value: number): void {
    const entry = this.header.entries.get(tag);
    if (entry === undefined) throw unsupported(`It is a TIFF without tag ${tag}, which is not decoded here.`);
    this.short(entry.at + 2, LONG);
    this.count(entry, 1);
    this.file.fill(0, entry.fieldAt, entry.fieldAt + (entry.isBig ? 8 : 4));
    this.long(entry.fieldAt, value);
  }

  /** Leaves one band of those that are stored one after another. */
  leavePlane(index: number): void {
    this.write(TAG.planarConfiguration, 1);
    for (const tag of [TAG.stripOffsets, TAG.stripByteCounts, TAG.tileOffsets, TAG.tileByteCounts]) {
      const entry = this.header.entries.get(tag);
      if (entry === undefined) continue;
      const each = entry.count / this.header.samplesPerPixel;
      if (!Number.isInteger(each) || each < 1 || (entry.type !== SHORT && entry.type !== LONG && !entry.isBig))
        throw damaged();
      const [from, length] = [entry.valuesAt + index * each * entry.size, each * entry.size];
      if (from + length > this.length) throw damaged();
      this.count(entry, each);
      const room = entry.isBig ? 8 : 4;
      if (length <= room) this.file.copy(this.file, entry.fieldAt, from, from + length);
      else this.place(entry, from);
    }
  }

  /** The file with nothing but some tags of its first page, so that no other tag is an error to a decoder. */
  firstPage(tags: readonly number[]): Buffer<ArrayBuffer> {
    return this.withDirectory(tags, 0);
  }

  /** The same, with its other pages. */
  allPages(tags: readonly number[]): Buffer<ArrayBuffer> {
    return this.withDirectory(tags, this.header.nextDirectory);
  }

  private withDirectory(tags: readonly number[], next: number): Buffer<ArrayBuffer> {
    const kept = [...this.header.entries].filter(([tag]) => tags.includes(tag)).sort(([a], [b]) => a - b);
    const isBig = kept[0]?.[1].isBig ?? false;
    const [countSize, entrySize, placeSize] = isBig ? [8, 20, 8] : [2, 12, 4];
    // Directories begin at even places.
    const at = this.length + (this.length % 2);
    const end = at + countSize + kept.length * entrySize;
    if (isBig) this.big(at, kept.length);
    else this.short(at, kept.length);
    kept.forEach(([, entry], i) =>
      this.file.copy(this.file, at + countSize + i * entrySize, entry.at, entry.at + entrySize),
    );
    if (isBig) this.big(end, next);
    else this.long(end, next);
    if (isBig) this.big(8, at);
    else this.long(4, at);
    return this.file.subarray(0, end + placeSize);
  }

  private count(entry: TiffEntry, value: number): void {
    if (entry.isBig) this.big(entry.countAt, value);
    else this.long(entry.countAt, value);
  }

  private place(entry: TiffEntry, value: number): void {
    if (entry.isBig) this.big(entry.fieldAt, value);
    else this.long(entry.fieldAt, value);
  }

  private short(at: number, value: number): void {
    if (this.header.isLittleEndian) this.file.writeUInt16LE(value, at);
    else this.file.writeUInt16BE(value, at);
  }

  private long(at: number, value: number): void {
    if (this.header.isLittleEndian) this.file.writeUInt32LE(value, at);
    else this.file.writeUInt32BE(value, at);
  }

  private big(at: number, value: number): void {
    if (this.header.isLittleEndian) this.file.writeBigUInt64LE(BigInt(value), at);
    else this.file.writeBigUInt64BE(BigInt(value), at);
  }
}
