import { ImageData } from './image-data.js';
import { type ChunkPart, isAncillary, PngChunks } from './png-chunks.js';
import { type GrayscalePngLimits, HEADER_BYTES, passesOf } from './png-header.js';
import { broken } from './refusal.js';

/** One file on its way through: which chunks may follow which (https://www.w3.org/TR/png-3/#5ChunkOrdering). */
export class PngStructure {
  readonly #limits: GrayscalePngLimits;
  readonly #chunks = new PngChunks();
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerFilled = 0;
  /** There is one as soon as the header is known to be good. */
  #image: ImageData | undefined;
  #imageData: 'none yet' | 'coming' | 'over' = 'none yet';

  constructor(limits: GrayscalePngLimits) {
    this.#limits = limits;
  }

  /** The next bytes. Throws as `checkGrayscalePng` does, for these or for earlier ones. */
  async take(bytes: Uint8Array): Promise<void> {
    this.#image?.throwIfFailed();
    try {
      for (const part of this.#chunks.read(bytes)) {
        const busy = this.#part(part);
        if (busy) await busy;
      }
    } catch (error) {
      await this.#image?.settled();
      throw error;
    }
  }

  /** Throws unless the file was whole. */
  async end(): Promise<void> {
    await this.#image?.settled();
    this.#chunks.end();
  }

  destroy(): void {
    this.#image?.destroy();
  }

  /** Takes a part; a promise when that takes time. */
  #part(part: ChunkPart): Promise<void> | undefined {
    if (part.kind === 'start') return this.#start(part.type, part.length);
    if (part.type === 'IDAT') return part.kind === 'data' ? this.#image?.write(part.bytes) : undefined;
    if (part.type === 'IHDR') {
      if (part.kind === 'data') this.#headerData(part.bytes);
      else this.#image = new ImageData(passesOf(this.#header, this.#limits));
    }
    return undefined;
  }

  #start(type: string, length: number): Promise<void> | undefined {
    if (!this.#image) {
      startOfHeader(type, length);
    } else if (type === 'IDAT') {
      if (this.#imageData === 'over') throw broken('chunk_order', 'The image data of the PNG is interrupted.');
      this.#imageData = 'coming';
    } else if (this.#imageData === 'coming') {
      this.#imageData = 'over';
      return this.#image.end().then(() => this.#startOfOther(type, length));
    } else {
      this.#startOfOther(type, length);
    }
    return undefined;
  }

  #startOfOther(type: string, length: number): void {
    if (type === 'IEND') {
      if (length > 0) throw broken('chunk', 'The last chunk of the PNG is not empty.');
      if (this.#imageData === 'none yet') throw broken('image_data', 'The PNG has no image data.');
    } else if (!isAncillary(type)) {
      throw notAllowed(type);
    }
  }

  #headerData(bytes: Uint8Array): void {
    this.#header.set(bytes, this.#headerFilled);
    this.#headerFilled += bytes.length;
  }
}

function startOfHeader(type: string, length: number): void {
  if (type !== 'IHDR') throw broken('chunk_order', 'The PNG does not begin with its header.');
  if (length !== HEADER_BYTES) throw broken('header', 'The header of the PNG has a wrong length.');
}

/** A critical chunk: without it, the image would be another one. */
function notAllowed(type: string): Error {
  if (type === 'IHDR') return broken('chunk_order', 'The PNG has a second header.');
  if (type === 'PLTE') return broken('chunk', 'The PNG has a palette, which a grayscale one must not have.');
  return broken('chunk', 'The PNG has a critical chunk that PNG does not know.');
}
