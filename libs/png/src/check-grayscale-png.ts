import type { GrayscalePngLimits } from './png-header.js';
import { PngStructure } from './png-structure.js';

/**
 * Passes the bytes of a file on, the same chunks in the same order, and checks meanwhile that they are one whole
 * 16-bit grayscale PNG (third edition, https://www.w3.org/TR/png-3/), interlaced or not: every chunk's checksum, and
 * the image data down to its length and the filter type of each row. What a chunk that may be ignored contains is not
 * looked at.
 *
 * Whether the file is right is known only when the iteration ends without an error: keep nothing before that. What
 * is already known to be wrong ends it early; the header, before any image data is inflated.
 *
 * Holds less than two megabytes, whatever the file. Inflates in the thread pool; its sums take the calling thread about
 * a millisecond per few megabytes. A chunk is no longer needed here once it was passed on. A stream is read and never
 * destroyed, because its owner may still have to drain it and to answer.
 *
 * @throws DomainError UNSUPPORTED_MEDIA_TYPE when it is no PNG, or of another color type or depth; INVALID_ARGUMENT
 *   when it is broken or has too many pixels (`details.reason`: a `PngRefusalReason`); the source's own error
 */
export async function* checkGrayscalePng(
  source: AsyncIterable<Uint8Array>,
  limits: GrayscalePngLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const structure = new PngStructure(limits);
  try {
    for await (const bytes of keptAlive(source)) {
      await structure.take(bytes);
      yield bytes;
    }
    await structure.end();
  } finally {
    structure.destroy();
  }
}

interface KeepableStream {
  iterator(options: { destroyOnReturn: boolean }): AsyncIterable<Uint8Array>;
}

function keptAlive(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const stream = source as Partial<KeepableStream>;
  return stream.iterator?.({ destroyOnReturn: false }) ?? source;
}
