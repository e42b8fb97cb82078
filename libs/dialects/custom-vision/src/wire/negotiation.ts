/** Types of answers, the first of equally welcome ones first. */
export const ANSWER_TYPES = ['application/json', 'text/json', 'application/xml', 'text/xml'] as const;
export type AnswerType = (typeof ANSWER_TYPES)[number];

/**
 * The type of the answer by the `Accept` header: the most welcome one by its q-value, JSON among equals, and where nothing
 * that can be written is asked for.
 */
export function answerTypeOf(accept: string | undefined): AnswerType {
  const ranges = (accept ?? '').toLowerCase().split(',').map(rangeOf);
  let [best, highest]: [AnswerType, number] = [ANSWER_TYPES[0], 0];
  for (const type of ANSWER_TYPES) {
    const quality = qualityOf(type, ranges);
    if (quality > highest) [best, highest] = [type, quality];
  }
  return best;
}

export function isXml(type: AnswerType): boolean {
  return type.endsWith('/xml');
}

/** With its charset, as the original says it. */
export function contentTypeOf(type: AnswerType): string {
  return `${type}; charset=utf-8`;
}

interface Range {
  readonly name: string;
  readonly quality: number;
}

function rangeOf(text: string): Range {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = q === undefined ? 1 : Number(q.slice(2));
  // What is no number is no wish.
  return { name, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** The most specific range counts. */
function qualityOf(type: AnswerType, ranges: readonly Range[]): number {
  const names = [type, `${type.split('/', 1)[0]}/*`, '*/*'];
  for (const name of names) {
    const range = ranges.find((each) => each.name === name);
    if (range) return range.quality;
  }
  return 0;
}
