import { Readable } from 'node:stream';
import type { ByteSource } from './byte-source.js';
import type { DatasetRow, OpenedDataset, Survey } from './dataset.js';
import type { DatasetLimits } from './limits.js';
import { openDataset } from './open-dataset.js';

export const signal: AbortSignal = new AbortController().signal;

/** Bytes that begin as a PNG, different for each seed. */
export function image(seed: string): Buffer {
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from(`\0\0\0\rIHDR ${seed} `.repeat(4))]);
}

export function base64(seed: string): string {
  return image(seed).toString('base64');
}

/** Returns the bytes as an upload, whose streams have pieces of a size that divides nothing. */
export function bufferSource(bytes: Buffer): ByteSource {
  return {
    size: bytes.length,
    read: (start, length) => Promise.resolve(bytes.subarray(start, start + length)),
    stream: (start = 0, end = bytes.length - 1) =>
      Promise.resolve(Readable.from(pieces(bytes.subarray(start, end + 1)))),
  };
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 40_009) yield bytes.subarray(at, at + 40_009);
}

export function open(bytes: Buffer | string, limits: Partial<DatasetLimits> = {}): Promise<OpenedDataset> {
  return openDataset(bufferSource(Buffer.from(bytes)), { signal, limits });
}

export async function surveyOf(bytes: Buffer | string, limits?: Partial<DatasetLimits>): Promise<Survey> {
  return (await open(bytes, limits)).survey({ signal });
}

export async function rowsOf(bytes: Buffer | string, after = 0): Promise<DatasetRow[]> {
  const dataset = await open(bytes);
  const { columns } = await dataset.survey({ signal });
  const rows: DatasetRow[] = [];
  for await (const row of dataset.rows(columns, { after, signal })) rows.push(row);
  return rows;
}

/** Returns the values of all rows, read without the images. */
export async function valuesOf(bytes: Buffer | string, after = 0): Promise<(string | null)[][]> {
  const dataset = await open(bytes);
  const { columns } = await dataset.survey({ signal });
  const found: (string | null)[][] = [];
  for await (const { values } of dataset.values(columns, { after, signal })) found.push(values);
  return found;
}

/** Returns what the only image cell of each row is: its bytes, its address, or the kind of its finding. */
export async function imagesOf(bytes: Buffer | string): Promise<(Buffer | string | undefined)[]> {
  const rows = await rowsOf(bytes);
  return Promise.all(
    rows.map(({ images: [cell] }) => {
      if (cell?.kind === 'bytes') return cell.open();
      return cell?.kind === 'address' ? cell.address : cell?.finding.kind;
    }),
  );
}

/** Returns name and type of each column: "class: Categorical". */
export async function typesOf(bytes: Buffer | string): Promise<string[]> {
  return (await surveyOf(bytes)).columns.map(({ name, type }) => `${name}: ${type}`);
}
