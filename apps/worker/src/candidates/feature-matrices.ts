import { Injectable } from '@nestjs/common';
import type { AugmentationRecipe } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import {
  allocateFeatures,
  encodeRow,
  FeaturePlanner,
  HOLD_OUT,
  NO_TARGET,
  type AugmentedRows,
  type FeaturePlan,
} from '@pentaprism/modeling';
import { Embedder } from '../inference/embedder.js';
import { Embeddings, type EmbeddingOptions } from '../inference/embeddings.js';
import type { JobParts } from '../job-parts.js';
import type { RowsOfProject } from './project-rows.js';
import { rowsDigest } from './rows-digest.js';

export interface FeaturesRequest {
  readonly workspace: string;
  readonly rows: RowsOfProject;
  /** See `partitionsOf`. */
  readonly partitions: Uint8Array;
  /** What is made of the images of training rows; null if nothing is. */
  readonly recipe: AugmentationRecipe | null;
  /** Of the training, which gives way to others. */
  readonly parts?: JobParts;
}

/** What a candidate learns from. */
export interface Features {
  readonly plan: FeaturePlan;
  /** rows × plan.width */
  readonly features: Float32Array;
  readonly augmented: AugmentedRows | undefined;
}

/** Numbers of all rows together: 1 GB. */
const MAX_FEATURE_NUMBERS = 256 * 1024 ** 2;
/** Numbers of all augmented rows together: 512 MB. */
const MAX_AUGMENTED_NUMBERS = 128 * 1024 ** 2;

/** What a training notes: the last content up to which all have an embedding. */
const EMBEDDED = 'embedded up to';

/** Turns the rows of a project into numbers. */
@Injectable()
export class FeatureMatrices {
  constructor(
    private readonly embedder: Embedder,
    private readonly embeddings: Embeddings,
  ) {}

  async build(request: FeaturesRequest, { signal, onProgress }: EmbeddingOptions): Promise<Features> {
    const { rows, recipe } = request;
    const size = await this.embedder.embeddingSize();
    const plan = planOf(request, size);
    if (rows.rowCount * plan.width > MAX_FEATURE_NUMBERS)
      throw new DomainError('FAILED_PRECONDITION', 'The project has more rows and columns than a training can hold.');
    const features = allocateFeatures(rows.rowCount, plan.width);
    // As if each image took as long as any other.
    const originals = 1 / (1 + (recipe?.numberOfNewImages ?? 0));
    const known = { signal, onProgress: (share: number) => onProgress(share * originals) };
    await this.fill(request, { plan, features, size }, known);
    if (recipe === null) return { plan, features, augmented: undefined };
    const made = { signal, onProgress: (share: number) => onProgress(originals + share * (1 - originals)) };
    return { plan, features, augmented: await this.augmented(request, { plan, features, size, recipe }, made) };
  }

  /**
   * Fills the matrix. A training that gives way afterwards keeps it if there is room, because it takes many calls to read all embeddings
   * again. One that gives way earlier goes on with the images that had no embedding yet.
   */
  private async fill(request: FeaturesRequest, matrix: Matrix, options: EmbeddingOptions): Promise<void> {
    const { workspace, rows, partitions, parts } = request;
    const { plan, features, size } = matrix;
    const name = `features of ${rowsDigest(rows, partitions)} by ${await this.embedder.backboneId()}`;
    const bytes = new Uint8Array(features.buffer, features.byteOffset, features.byteLength);
    if (await parts?.readInto(name, bytes)) return;
    parts?.begin();
    fillOthers(plan, rows, features);
    const places = placesOf(rows);
    const onComputed = async (last: string) => {
      parts?.beforeGivingWay(() => parts.note(EMBEDDED, last));
      await parts?.letOthersGoFirst();
    };
    const contents = behind([...places.keys()], parts?.noted(EMBEDDED));
    await this.embeddings.forEach(workspace, contents, { ...options, onComputed }, (sha256, vector) => {
      for (const { row, column } of places.get(sha256) ?? []) features.set(vector, row * plan.width + column * size);
    });
    parts?.beforeGivingWay(async (room) => {
      if (bytes.length <= room) await parts.keepLarge(name, bytes);
    });
    await parts?.letOthersGoFirst();
  }

  /** Makes new rows of training rows: each has the i-th new image of every image of its row, and the row's other values. */
  private async augmented(
    { workspace, rows, partitions, parts }: FeaturesRequest,
    { plan, features, size, recipe }: MatrixOfRows,
    options: EmbeddingOptions,
  ): Promise<AugmentedRows> {
    const training = trainingRows(partitions).filter((row) => rows.contents.some((ofColumn) => ofColumn[row]));
    const count = training.length * recipe.numberOfNewImages;
    if (count * plan.width > MAX_AUGMENTED_NUMBERS)
      throw new DomainError('FAILED_PRECONDITION', 'The augmentation list makes more images than a training can hold.');
    const used = training.flatMap((row) => rows.contents.flatMap((ofColumn) => ofColumn[row] ?? []));
    const hashes = [...new Set(used)];
    const vectors = await this.embeddings.augmented(
      { workspace, hashes, recipe, seed: 'augmentation', parts },
      options,
    );
    const madeOf = new Map(hashes.map((sha256, i) => [sha256, vectors[i] ?? []]));
    const matrix = allocateFeatures(count, plan.width);
    const sources = new Uint32Array(count);
    let at = 0;
    for (const row of training)
      for (let i = 0; i < recipe.numberOfNewImages; i++, at++) {
        const start = at * plan.width;
        matrix.set(features.subarray(row * plan.width, (row + 1) * plan.width), start);
        sources[at] = row;
        rows.contents.forEach((ofColumn, column) => {
          const vector = madeOf.get(ofColumn[row] ?? '')?.[i];
          if (vector) matrix.set(vector, start + column * size);
        });
      }
    return { features: matrix, sources };
  }
}

interface Matrix {
  readonly plan: FeaturePlan;
  readonly features: Float32Array;
  /** Numbers of an embedding. */
  readonly size: number;
}

interface MatrixOfRows extends Matrix {
  readonly recipe: AugmentationRecipe;
}

function planOf({ rows, partitions }: FeaturesRequest, size: number): FeaturePlan {
  const { imageColumns, predictors } = rows;
  const planner = new FeaturePlanner({
    images: imageColumns.map(({ name }) => ({ column: name, size })),
    others: predictors.map(({ column, kind }) => ({ column: column.name, kind })),
  });
  if (predictors.length > 0)
    for (const row of trainingRows(partitions)) planner.add(predictors.map((predictor) => predictor.at(row)));
  return planner.plan();
}

/** Writes everything but the embeddings. */
function fillOthers(plan: FeaturePlan, { rowCount, predictors }: RowsOfProject, features: Float32Array): void {
  if (plan.others.length === 0) return;
  // The plan may have left columns out at its end.
  const used = predictors.slice(0, plan.others.length);
  for (let row = 0; row < rowCount; row++) {
    const target = features.subarray(row * plan.width, (row + 1) * plan.width);
    encodeRow(plan, { embeddings: [], values: used.map((predictor) => predictor.at(row)) }, target);
  }
}

interface Place {
  readonly row: number;
  /** The place of the column among the image columns. */
  readonly column: number;
}

/** Returns where each content is used. */
function placesOf({ contents }: RowsOfProject): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  contents.forEach((ofColumn, column) =>
    ofColumn.forEach((sha256, row) => {
      if (sha256 === undefined) return;
      const known = places.get(sha256);
      if (known) known.push({ row, column });
      else places.set(sha256, [{ row, column }]);
    }),
  );
  return places;
}

function trainingRows(partitions: Uint8Array): number[] {
  const rows: number[] = [];
  partitions.forEach((partition, row) => {
    if (partition !== HOLD_OUT && partition !== NO_TARGET) rows.push(row);
  });
  return rows;
}

/** Returns the contents in their order, beginning behind one of them. */
function behind(contents: readonly string[], last: string | undefined): string[] {
  const begin = last === undefined ? 0 : contents.indexOf(last) + 1;
  return [...contents.slice(begin), ...contents.slice(0, begin)];
}
