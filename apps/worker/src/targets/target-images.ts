import type { TargetBin, TargetImage, TargetValue } from '@pentaprism/contracts';
import type { TargetValues } from './target-values.js';

/** The image of one cell. */
export interface RowImage {
  readonly row: number;
  readonly column: number;
  readonly sha256: string;
}

interface Counted extends Omit<TargetImage, 'place'> {
  place: number;
  rows: number;
}

/** The images of a project by their value of the target. The images are added in the order of rows. */
export class TargetImages {
  readonly #images = new Map<string, Counted>();
  readonly #positions = new Map<number, number>();
  /** The first value of each content, over all columns, and whether it has another one. */
  readonly #valueOfContent = new Map<string, { key: number; value: TargetValue; agrees: boolean }>();

  constructor(private readonly values: TargetValues) {}

  add({ row, column, sha256 }: RowImage): void {
    const value = this.values.at(row);
    if (value === undefined) return;
    const valueKey = this.values.keyOf(row);
    this.note(sha256, valueKey, value);
    const key = `${column}/${sha256}/${valueKey}`;
    const known = this.#images.get(key);
    if (known) {
      known.rows += 1;
      return;
    }
    const position = this.#positions.get(column) ?? 0;
    this.#positions.set(column, position + 1);
    this.#images.set(key, { column, sha256, value, position, place: -1, rows: 1 });
  }

  /** Returns the number of images of each column, by index. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#positions);
  }

  /** Returns the images of a column with their places, in the order of places. */
  ofColumn(column: number): TargetImage[] {
    const images = [...this.#images.values()].filter((image) => image.column === column);
    const orders = new Map(this.values.labels().map((label, order) => [label, order]));
    const orderOf = ({ value }: Counted) =>
      typeof value === 'number' ? value : (orders.get([value].flat()[0] ?? '') ?? 0);
    images.sort((a, b) => orderOf(a) - orderOf(b) || a.position - b.position);
    for (const [place, image] of images.entries()) image.place = place;
    return images;
  }

  /** Returns the labels of each content whose rows all have the same value. */
  agreed(): { sha256: string; labels: string[] }[] {
    return [...this.#valueOfContent].flatMap(([sha256, { agrees, value }]) =>
      agrees && typeof value !== 'number' ? { sha256, labels: [value].flat() } : [],
    );
  }

  private note(sha256: string, key: number, value: TargetValue): void {
    const known = this.#valueOfContent.get(sha256);
    if (!known) this.#valueOfContent.set(sha256, { key, value, agrees: true });
    else if (known.key !== key) known.agrees = false;
  }
}

/**
 * Returns the bins of a column, each with the places of its images and the one that represents it, which is the first.
 *
 * @param images in the order of places
 */
export function binsOf(values: TargetValues, column: number, images: readonly TargetImage[]): TargetBin[] {
  const bins = values.bins();
  const byLabel = new Map(bins.flatMap((bin, order) => (bin.kind === 'label' ? [[bin.label, order] as const] : [])));
  const ordersOf = ({ value }: TargetImage) =>
    typeof value === 'number'
      ? bins.findIndex((bin) => bin.kind === 'range' && bin.start <= value && value < bin.end)
      : [value].flat().map((label) => byLabel.get(label) ?? -1);
  const members = bins.map(() => ({ images: 0, firstPlace: 0, cover: null as number | null }));
  for (const image of images)
    for (const order of [ordersOf(image)].flat()) {
      const bin = members[order];
      if (!bin) continue;
      if (bin.images === 0) [bin.firstPlace, bin.cover] = [image.place, image.position];
      bin.images += 1;
    }
  return bins.map((bin, order) => ({
    column,
    order,
    label: bin.kind === 'label' ? bin.label : null,
    start: bin.kind === 'range' ? bin.start : null,
    end: bin.kind === 'range' ? bin.end : null,
    rows: bin.rows,
    ...(members[order] ?? { images: 0, firstPlace: 0, cover: null }),
  }));
}
