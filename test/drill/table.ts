import { holds, type Drill, type DrillResult, type Measure } from './drill.js';

export interface Outcome {
  readonly drill: Drill;
  readonly seed: number;
  readonly seconds: number;
  /** What it measured, or why it could not go on. */
  readonly result: DrillResult | Error;
}

const HEAD = ['drill', 'seed', 'what was done', 'measured', 'worst', 'threshold', 'passed'];

/** A row for each measure; what is the same for all of a drill is written once. */
export function formatTable(outcomes: readonly Outcome[]): string {
  const rows = [HEAD, ...outcomes.flatMap(rowsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

function rowsOf({ drill, seed, seconds, result }: Outcome): string[][] {
  const start = [`${drill.number} ${drill.name}`, String(seed)];
  if (result instanceof Error) return [[...start, `${result.message.split('\n')[0]}`, '', '', '', 'NO']];
  if (result.skipped !== undefined) return [[...start, `skipped: ${result.skipped}`, '', '', '', 'skipped']];
  const did = `${result.did}, ${Math.round(seconds)} s`;
  return result.measures.map((measure, i) => [
    ...(i === 0 ? [...start, did] : ['', '', '']),
    measure.what,
    amount(measure.worst, measure),
    threshold(measure),
    holds(measure) ? 'yes' : 'NO',
  ]);
}

function threshold(measure: Measure): string {
  const { atMost, atLeast } = measure;
  if (atMost !== undefined) return `<= ${amount(atMost, measure)}`;
  return atLeast === undefined ? '' : `>= ${amount(atLeast, measure)}`;
}

function amount(value: number, { unit }: Measure): string {
  const digits = Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 1;
  const text = value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit === undefined ? text : `${text} ${unit}`;
}
