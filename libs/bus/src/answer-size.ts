/** Bytes of records in one answer: half of what a message of the bus holds by default. */
export const ANSWER_BYTES = 512 * 1024;

/** As many of the records, from the first, as surely fit into one answer; never none of several. */
export function fitting<T>(records: readonly T[], largestSize: (record: T) => number): T[] {
  let bytes = 0;
  const end = records.findIndex((record, i) => (bytes += largestSize(record)) > ANSWER_BYTES && i > 0);
  return records.slice(0, end === -1 ? records.length : end);
}

/** Bytes of a text in JSON at most: six for each character (`\u0001`). */
export const largestText = (text: string): number => 6 * text.length;
