import { MAX_IMAGE_URL_LENGTH } from '@pentaprism/domain';
import type { ArchiveFiles } from './archive-files.js';
import type { ArchiveImages, CellPlace } from './archive-images.js';
import { isMissing } from './cell-values.js';
import type { Finding, ImageCell } from './dataset.js';
import { hasImageExtension, isImage, notAnImage } from './image-bytes.js';
import { decodeImageText, isAddress } from './image-cells.js';
import { count, quoted } from './refusal.js';

/** Characters of a cell that may be the name of a file. */
const MAX_NAME_LENGTH = 1_024;

/** An image cell, and the value that the table has in its place. */
export interface ReadCell {
  cell: ImageCell;
  value: string | null;
}

/** Reads the cells of image columns: names of files, addresses and base64. */
export class TableImages {
  constructor(
    private readonly files: ArchiveFiles | null,
    private readonly images: ArchiveImages | null,
  ) {}

  async read(place: CellPlace, text: string): Promise<ReadCell> {
    if (isMissing(text)) return without(place, null, 'missing-image', 'the cell is empty');
    const entry = this.files?.find(text);
    if (entry !== undefined && this.images !== null) {
      return { cell: await this.images.cell(place, entry), value: entry.name };
    }
    if (isAddress(text)) return address(place, text.trim());
    return this.isName(text) ? this.missingFile(place, text) : decoded(place, text);
  }

  /** Returns whether a text is meant as the name of a file. A short one may be base64 as well. */
  private isName(text: string): boolean {
    if (text.length > MAX_NAME_LENGTH || /^\s*data:/i.test(text)) return false;
    return hasImageExtension(text.trim()) || (this.files !== null && decodeImageText(text) === null);
  }

  private missingFile(place: CellPlace, text: string): ReadCell {
    const message =
      this.files === null
        ? `${quoted(text)} is the name of a file, but the table was uploaded without files`
        : `the archive does not contain ${quoted(text)}`;
    return without(place, text, 'missing-file', message);
  }
}

function address(place: CellPlace, text: string): ReadCell {
  if (text.length <= MAX_IMAGE_URL_LENGTH) {
    return { cell: { kind: 'address', column: place.column, address: text }, value: text };
  }
  const message = `the address has ${count(text.length)} characters; at most ${count(MAX_IMAGE_URL_LENGTH)} are allowed`;
  return without(place, null, 'unreachable-address', message);
}

function decoded(place: CellPlace, text: string): ReadCell {
  const bytes = decodeImageText(text);
  if (bytes === null)
    return without(place, shortValue(text), 'not-an-image', 'the value is not the base64 of an image');
  if (!isImage(bytes)) {
    const message = bytes.length === 0 ? 'the value has no bytes' : `the value is base64, but ${notAnImage(bytes)}`;
    return without(place, shortValue(text), 'not-an-image', message);
  }
  const { column } = place;
  const open = () => Promise.resolve(bytes);
  return { cell: { kind: 'bytes', column, name: null, size: bytes.length, open }, value: null };
}

function shortValue(text: string): string | null {
  return text.length <= MAX_NAME_LENGTH ? text : null;
}

function without(place: CellPlace, value: string | null, kind: Finding['kind'], message: string): ReadCell {
  const { row, column, columnName } = place;
  return { cell: { kind: 'none', column, finding: { kind, row, column: columnName, file: null, message } }, value };
}
