import { createHash } from 'node:crypto';
import type { EventImage } from './event-log.schema.js';
import { imageMediaType } from './media-type.js';

/** The images of a pass, one behind the other as they are stored in one blob. */
export class ImageBlob {
  readonly #images: Uint8Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.#images.length === 0;
  }

  /** Adds an image. Returns where it is. */
  add(image: Uint8Array): EventImage {
    const sha256 = createHash('sha256').update(image).digest('hex');
    const place = { offset: this.#size, length: image.length, sha256, mediaType: imageMediaType(image) };
    this.#images.push(image);
    this.#size += image.length;
    return place;
  }

  /** The bytes of all images. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    yield* this.#images;
  }
}
