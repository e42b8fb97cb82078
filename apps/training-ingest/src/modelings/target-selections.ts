import { Injectable } from '@nestjs/common';
import type { ParsedRequestOf, targetContracts } from '@pentaprism/contracts';
import { LRUCache } from 'lru-cache';
import { TargetRepository, type Selection } from './target.repository.js';
import type { TargetRecord } from './target.schema.js';

export type TargetFilter = Pick<ParsedRequestOf<typeof targetContracts.images>, 'values' | 'range'>;

interface Question {
  readonly target: TargetRecord;
  readonly column: number;
  readonly filter: TargetFilter;
}

/** Memory of all selections together. Several labels of 100,000 images take up to 400 kB. */
const MAX_BYTES = 32 * 1024 ** 2;
/** What a selection takes besides its positions and the characters of its key. */
const BYTES_PER_SELECTION = 500;

/**
 * Which images filters select. The images of a ready target never change, so that what was found once is kept: the pages of a
 * filter cost the same at any offset.
 */
@Injectable()
export class TargetSelections {
  private readonly selections = new LRUCache<string, Selection, Question>({
    maxSize: MAX_BYTES,
    sizeCalculation: (selection, key) =>
      BYTES_PER_SELECTION + key.length * 2 + ('positions' in selection ? selection.positions.byteLength : 0),
    fetchMethod: (_key, _stale, { context }) => this.search(context),
  });

  constructor(private readonly targets: TargetRepository) {}

  /** @param target a target that is ready */
  async find(target: TargetRecord, column: number, filter: TargetFilter): Promise<Selection> {
    const { values, range } = filter;
    if (!values && !range) return { by: 'position', first: 0, end: target.images[column] ?? 0 };
    const key = JSON.stringify([target.id.toHexString(), column, values, range]);
    return this.selections.forceFetch(key, { context: { target, column, filter } });
  }

  private async search({ target, column, filter: { values = [], range } }: Question): Promise<Selection> {
    if (range) return this.inRange(target, column, range);
    if (target.type === 'multilabel')
      return { positions: await this.targets.positionsWithLabels(target.id, column, values) };
    const bin = await this.targets.findBin(target.id, column, values[0] ?? '');
    const first = bin?.firstPlace ?? 0;
    return { by: 'place', first, end: first + (bin?.images ?? 0) };
  }

  private async inRange(target: TargetRecord, column: number, { start, end }: { start: number; end: number }) {
    const count = target.images[column] ?? 0;
    const [first = count, last = count] = await Promise.all(
      [start, end].map((number) => this.targets.firstPlace(target.id, column, number)),
    );
    return { by: 'place', first, end: Math.max(first, last) } as const;
  }
}
