import type { BlobSource } from './blob-store.js';

/**
 * The chunks of a source, ending with the signal's reason as soon as it is aborted. The iterator is always given
 * back, so that a generator's `finally` runs and a stream loses our listeners (with them it could not be drained), but
 * a stream is not destroyed: see `BlobStore.put`.
 */
export async function* sourceChunks(source: BlobSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  if (!(Symbol.asyncIterator in source)) {
    yield source;
    return;
  }
  const iterator = iteratorOf(source);
  let ended = false;
  try {
    for (;;) {
      const next = await nextUnlessAborted(iterator, signal);
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } finally {
    // Not awaited: behind a source that is silent, it returns only when the source goes on or is destroyed.
    if (!ended) void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

interface KeepableStream {
  iterator(options: { destroyOnReturn: boolean }): AsyncIterator<Uint8Array>;
}

function iteratorOf(source: AsyncIterable<Uint8Array>): AsyncIterator<Uint8Array> {
  const stream = source as Partial<KeepableStream>;
  return stream.iterator?.({ destroyOnReturn: false }) ?? source[Symbol.asyncIterator]();
}

/** A listener per chunk: racing against one long-lived promise would keep a reaction in memory for every chunk. */
async function nextUnlessAborted<T>(iterator: AsyncIterator<T>, signal?: AbortSignal): Promise<IteratorResult<T>> {
  if (signal === undefined) return iterator.next();
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
