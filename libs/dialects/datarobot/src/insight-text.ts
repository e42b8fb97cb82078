import type { InsightHeader } from '@pentaprism/contracts';
import { headerOf, toTargets } from './wire/image-insight.js';

export interface InsightText {
  /** Name of the member that lists the items. */
  readonly list: string;
  /** Members beside the list and the values of the target. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Skips so many items, and writes so many at most. */
  readonly offset?: number;
  readonly limit?: number;
  readonly toItem: (header: InsightHeader, line: string) => unknown;
}

/** Writes an answer without insights, because they are not computed. */
export function emptyText({ list, members = {} }: Pick<InsightText, 'list' | 'members'>): string {
  return JSON.stringify({ [list]: [], ...members, ...toTargets(null) });
}

/** Writes an answer in pieces while the file of an insight is read: it may have 50,000 lines. */
export async function* insightText(
  lines: AsyncGenerator<string[], void>,
  { list, members = {}, offset = 0, limit = Infinity, toItem }: InsightText,
): AsyncGenerator<string, void> {
  let header: InsightHeader | undefined;
  let read = 0;
  let isFirst = true;
  for await (const portion of lines) {
    if (!header) {
      header = headerOf(portion.shift() ?? '');
      const before = JSON.stringify({ ...members, ...toTargets(header) });
      yield `${before.slice(0, -1)},${JSON.stringify(list)}:[`;
    }
    const known = header;
    const wanted = portion.slice(Math.max(0, offset - read), Math.max(0, offset + limit - read));
    read += portion.length;
    const items = wanted.map((line) => JSON.stringify(toItem(known, line)));
    if (items.length > 0) yield `${isFirst ? '' : ','}${items.join()}`;
    isFirst &&= items.length === 0;
    if (read >= offset + limit) break;
  }
  if (!header) throw new Error('the file of an insight is empty');
  yield ']}';
}
