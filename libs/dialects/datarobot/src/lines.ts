/** Splits text in UTF-8 into lines, and returns those of each chunk together. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string[], void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) yield lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest];
}

/**
 * Reads the first item, so that what fails until then can still be answered with a status, and returns all items. Returning from the
 * iteration ends the generator, also before the first item is taken.
 */
export async function begun<T>(items: AsyncGenerator<T, void>): Promise<AsyncIterable<T>> {
  const first = await items.next();
  let isTaken = false;
  const iterator: AsyncIterator<T, void> = {
    next: async () => {
      if (isTaken) return items.next();
      isTaken = true;
      return first;
    },
    return: () => items.return(),
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
