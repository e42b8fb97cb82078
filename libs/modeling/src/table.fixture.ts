import { createRandom, type TargetType } from '@pentaprism/domain';
import { blueprintOf, type Blueprint } from '@pentaprism/domain';
import type { CandidateRequest } from './candidate.js';
import {
  allocateFeatures,
  encodeRow,
  FeaturePlanner,
  type ColumnValue,
  type FeaturePlan,
  type PlanRequest,
} from './feature-plan.js';
import { HOLD_OUT, partitionsOf } from './partitions.js';
import { targetsOf } from './targets.js';

export interface TableOptions {
  readonly type: TargetType;
  /** The class of each row, as an index; of a regression, its number. */
  readonly values: readonly (number | undefined)[];
  readonly classes?: number;
  /** Standard deviation around the centre of a class, whose features lie between 0 and 1. */
  readonly noise?: number;
  readonly imageColumns?: number;
  /** Rows without an image. */
  readonly missing?: readonly number[];
  /** For each row the values of other columns. */
  readonly others?: { readonly columns: PlanRequest['others']; readonly rows: readonly (readonly ColumnValue[])[] };
}

const SIZE = 24;

/** Returns the plan for the training rows with these values. */
export function planFeatures(request: PlanRequest, rows: Iterable<readonly ColumnValue[]>): FeaturePlan {
  const planner = new FeaturePlanner(request);
  for (const values of rows) planner.add(values);
  return planner.plan();
}

export function blueprint(id: string): Blueprint {
  const found = blueprintOf(id);
  if (found === undefined) throw new Error(`There is no blueprint ${id}.`);
  return found;
}

/**
 * A table whose embeddings cluster by class, or lie along a line by number from 0 to 1. For a multilabel target, every third row has the
 * next label, too, and lies between the two.
 */
export function table(id: string, options: TableOptions): CandidateRequest {
  const { type, values, classes = 3, missing = [], others } = options;
  const names = Array.from({ length: classes }, (_, index) => `class ${index}`);
  const targets = targetsOf({
    type,
    classes: type === 'regression' ? [] : names,
    rowCount: values.length,
    valueOf: (row) => {
      const value = values[row];
      if (value === undefined || type === 'regression') return value;
      return type === 'multilabel' ? own(row, value, classes, type).map((each) => `class ${each}`) : `class ${value}`;
    },
  });
  const partitions = partitionsOf({ targets, contents: [], seed: 'table' });
  const images = Array.from({ length: options.imageColumns ?? 1 }, (_, i) => ({ column: `image ${i}`, size: SIZE }));
  const planner = new FeaturePlanner({ images, others: others?.columns ?? [] });
  partitions.forEach((partition, row) => partition < HOLD_OUT && planner.add(others?.rows[row] ?? []));
  const plan = planner.plan();
  const features = allocateFeatures(values.length, plan.width);
  const embed = embedder(options);
  values.forEach((value, row) => {
    const embeddings = images.map(() => {
      const embedding = embed(own(row, value ?? 0, classes, type), value ?? 0);
      return missing.includes(row) ? undefined : embedding;
    });
    const target = features.subarray(row * plan.width, (row + 1) * plan.width);
    encodeRow(plan, { embeddings, values: others?.rows[row] ?? [] }, target);
  });
  return { blueprint: blueprint(id), targets, backbone: 'test', plan, features, partitions, seed: 'a' };
}

/** So many rows of each class, one after another. */
export function counts(...rows: readonly number[]): number[] {
  return rows.flatMap((count, index) => new Array<number>(count).fill(index));
}

function own(row: number, value: number, classes: number, type: TargetType): number[] {
  if (type === 'regression') return [];
  return type === 'multilabel' && row % 3 === 0 ? [value, (value + 1) % classes] : [value];
}

function embedder({ noise = 0.2, classes = 3 }: TableOptions): (classesOfRow: number[], value: number) => Float32Array {
  const centre = createRandom('centres');
  const centres = Array.from({ length: classes + 1 }, () => Float32Array.from({ length: SIZE }, () => centre()));
  const random = createRandom('embeddings');
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return (classesOfRow, value) => {
    const point = Float32Array.from({ length: SIZE }, (_, feature) => {
      const at = (index: number) => centres[index]?.[feature] as number;
      const centreOfRow =
        classesOfRow.length === 0
          ? at(0) + value * (at(1) - at(0))
          : classesOfRow.reduce((sum, each) => sum + at(each) / classesOfRow.length, 0);
      return centreOfRow + noise * normal();
    });
    const length = Math.hypot(...point);
    return point.map((each) => each / length);
  };
}
