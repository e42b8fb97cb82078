/**
 * @typedef {object} Row
 * @property {string} name
 * @property {string} figure
 * @property {string} [comparedWith]
 * @property {string} [ratio]
 */

/** @param {readonly Row[]} rows */
export function formatTable(rows) {
  const cells = [
    ['what', 'figure', 'compared with', 'ratio'],
    ...rows.map(({ name, figure, comparedWith = '', ratio = '' }) => [name, figure, comparedWith, ratio]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (/** @type {string[]} */ row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  const [head, ...body] = cells;
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...body.map(line)].join('\n');
}

/** @param {number} value */
export const number = (value, digits = 0) =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** @param {number} bytes */
export const megabytes = (bytes) => `${number(bytes / 1e6)} MB`;

/** @param {number} part @param {number} whole */
export const percent = (part, whole) => `${number((100 * part) / whole)} %`;
