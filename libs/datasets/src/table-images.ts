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

/** Reads the cells of image columns: names of files, addresses and base64. */
export class TableImages {
  constructor(
    private readonly files: ArchiveFiles | null,
    private readonly images: ArchiveImages | null,
  ) {}

  async cell(place: CellPlace, text: string): Promise<ImageCell> {
    if (isMissing(text)) return without(place, 'missing-image', 'the cell is empty');
    const entry = this.files?.find(text);
    if (entry !== undefined && this.images !== null) return this.images.cell(place, entry);
    if (isAddress(text)) return address(place, text.trim());
    return this.isName(text) ? this.missingFile(place, text) : decoded(place, text);
  }

  /** Returns the value of the cell in a table without images: a name, an address, or null for base64 of any length. */
  value(text: string): string | null {
    if (isMissing(text)) return null;
    const entry = this.files?.find(text);
    if (entry !== undefined) return entry.name;
    if (isAddress(text)) return text.trim();
    if (text.length > MAX_NAME_LENGTH) return null;
    return this.isName(text) || decodeImageText(text) === null ? text : null;
  }

  /** Returns whether a text is meant as the name of a file. A short one may be base64 as well. */
  private isName(text: string): boolean {
    if (text.length > MAX_NAME_LENGTH || /^\s*data:/i.test(text)) return false;
    return hasImageExtension(text.trim()) || (this.files !== null && decodeImageText(text) === null);
  }

  private missingFile(place: CellPlace, text: string): ImageCell {
    const message =
      this.files === null
        ? `${quoted(text)} is the name of a file, but the table was uploaded without files`
        : `the archive does not contain ${quoted(text)}`;
    return without(place, 'missing-file', message);
  }
}

function address(place: CellPlace, text: string): ImageCell {
  if (text.length <= MAX_IMAGE_URL_LENGTH) return { kind: 'address', column: place.column, address: text };
  const message = `the address has ${count(text.length)} characters; at most ${count(MAX_IMAGE_URL_LENGTH)} are allowed`;
  return without(place, 'unreachable-address', message);
}

function decoded(place: CellPlace, text: string): ImageCell {
  const bytes = decodeImageText(text);
  if (bytes === null) return without(place, 'not-an-image', 'the value is not the base64 of an image');
  if (!isImage(bytes)) {
    const problem = bytes.length === 0 ? 'the value has no bytes' : `the value is base64, but ${notAnImage(bytes)}`;
    return without(place, 'not-an-image', problem);
  }
  const { column } = place;
  return { kind: 'bytes', column, name: null, size: bytes.length, open: () => Promise.resolve(bytes) };
}

function without(place: CellPlace, kind: Finding['kind'], message: string): ImageCell {
  const { row, column, columnName } = place;
  return { kind: 'none', column, finding: { kind, row, column: columnName, file: null, message } };
}
