import { drawing } from '../../drawings.js';
import { archive } from '../../e2e/support/datasets.js';

/** A file that becomes a project, and what is requested of it. */
export interface ProjectFile {
  readonly fileName: string;
  readonly bytes: Buffer;
  readonly target: string;
  /** Whether models also learn from augmented images. */
  readonly augments: boolean;
  /** A table of the same columns without a target. */
  readonly toPredict: Buffer;
}

const SHAPES = ['disc', 'stripes'] as const;
/** Rows of the table to predict. */
const PREDICTED = 6;
/** Seeds of pictures between two files, so that files share no picture. */
const SEEDS_PER_FILE = 10_000;

/**
 * Returns three files: class folders whose models learn from augmented images, too; a table of numbers to predict; and a table of
 * labels with other columns.
 *
 * @param each pictures of a file
 * @param first picture, so that another call draws others
 */
export async function projectFiles(each: number, first = 0): Promise<ProjectFile[]> {
  const [folders, numbers, labels] = await Promise.all(
    [0, 1, 2].map((file) => pictures(each, first + file * SEEDS_PER_FILE)),
  );
  if (!folders || !numbers || !labels) throw new Error('no pictures');
  return [
    {
      fileName: 'shapes.zip',
      bytes: archive(Object.fromEntries(folders.map((bytes, i) => [`${shapeOf(i)}/${i}.png`, bytes]))),
      target: 'class',
      augments: true,
      toPredict: tableOf(['image'], folders.slice(0, PREDICTED).map((bytes) => [text(bytes)])), // prettier-ignore
    },
    tableFile('heights.csv', numbers, ['picture', 'weight', 'height'], (bytes, i) => [text(bytes), String(i % 5), String((i % 2) * 40 + i / 8)]), // prettier-ignore
    tableFile('labels.csv', labels, ['picture', 'age', 'label'], (bytes, i) => [text(bytes), String(i % 7), `${shapeOf(i)} ${i % 4 < 2 ? 'left' : 'right'}`]), // prettier-ignore
  ];
}

/** A table whose last column is the target. */
function tableFile(
  fileName: string,
  files: readonly Buffer[],
  columns: readonly string[],
  row: (bytes: Buffer, index: number) => string[],
): ProjectFile {
  const rows = files.map(row);
  const withoutTarget = rows.slice(0, PREDICTED).map((cells) => cells.slice(0, -1));
  return {
    fileName,
    bytes: tableOf(columns, rows),
    target: columns.at(-1) ?? '',
    augments: false,
    toPredict: tableOf(columns.slice(0, -1), withoutTarget),
  };
}

function pictures(count: number, first: number): Promise<Buffer[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => drawing(shapeOf(i), first + i)));
}

const shapeOf = (index: number) => SHAPES[index % SHAPES.length] as (typeof SHAPES)[number];
const text = (bytes: Buffer) => bytes.toString('base64');
const tableOf = (columns: readonly string[], rows: readonly (readonly string[])[]) =>
  Buffer.from([columns, ...rows].map((cells) => cells.join(',')).join('\n'));
