import { types } from 'node:util';

/**
 * The buffers of those arrays that fill theirs: a thread may give them to another without a copy. An array that shares its
 * buffer with anything else is left out, and gets copied.
 */
export function transferable(arrays: readonly NodeJS.TypedArray[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { buffer, byteLength } of arrays) {
    if (isOwn(buffer) && buffer.byteLength === byteLength) buffers.add(buffer);
  }
  return [...buffers];
}

/** By its kind, not its class: a test runner's sandbox has classes of its own. */
function isOwn(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return types.isArrayBuffer(buffer);
}
