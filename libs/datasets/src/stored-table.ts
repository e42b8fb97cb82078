import type { ByteSource } from './byte-source.js';
import type { DatasetColumn, DatasetRow } from './dataset.js';
import { DATASET_LIMITS } from './limits.js';
import { RowParser } from './row-parser.js';

/**
 * Yields the values of the rows of a table that `writeTable` has written. Its format is known, so that nothing is guessed: a
 * cell is missing only if it is empty, because a class may be called "none" or "NA".
 *
 * @param columns whose values are read, in this order
 */
export async function* storedValues(
  source: ByteSource,
  columns: readonly Pick<DatasetColumn, 'index'>[],
  { after = 0, signal }: { after?: number; signal: AbortSignal },
): AsyncGenerator<Pick<DatasetRow, 'number' | 'values'>, void, undefined> {
  const parser = new RowParser(',', DATASET_LIMITS);
  // The header is no row.
  let number = -1;
  for await (const rows of parsed(parser, await source.stream())) {
    signal.throwIfAborted();
    for (const cells of rows) {
      number += 1;
      if (number > after) yield { number, values: columns.map(({ index }) => cells[index] || null) };
    }
  }
}

async function* parsed(parser: RowParser, chunks: AsyncIterable<Buffer>): AsyncGenerator<string[][], void, undefined> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const chunk of chunks) yield parser.push(decoder.decode(chunk, { stream: true }));
  yield parser.push(decoder.decode());
  yield parser.end();
}
