import { pauses, scoresOf, type LinearLayer } from '@pentaprism/heads';
import {
  forRawRows,
  isMissing,
  standardisationOf,
  type LayerTrainer,
  type Standardisation,
} from '@pentaprism/inference';
import type { BlueprintMethod } from '@pentaprism/domain';
import { nearestMeans, priorScores } from './nearest-mean.js';
import { ridge } from './ridge.js';
import { outputsOf, type Targets } from './targets.js';
import { labelsOf, numbersOf, type NumberScale, type TrainingRows } from './training-rows.js';

/** A layer for features as `encodeRow` writes them. */
export interface FittedHead {
  readonly layer: LinearLayer;
  /** Sizes of the parts of a row. */
  readonly parts: readonly number[];
  /** Parts × outputs: scores that are added if the part is missing, so that it counts as an average one. */
  readonly absent: Float32Array;
  /** Scores that calibration adds without multiplying them. */
  readonly prior: Float64Array;
  /** Null for classes. */
  readonly scale: NumberScale | null;
}

export interface FitRequest {
  readonly trainer: LayerTrainer;
  readonly method: BlueprintMethod;
  readonly targets: Targets;
  readonly rows: TrainingRows;
  /** Sizes of the parts of a row that count alike. */
  readonly parts: readonly number[];
  readonly seed: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: (share: number) => void;
}

/** Fits a head to rows. */
export async function fitHead(request: FitRequest): Promise<FittedHead> {
  const { rows, parts, signal, targets } = request;
  const standardisation = await standardisationOf(rows, pauses(signal), parts);
  const fit = targets.type === 'regression' ? fitRegression : fitClassification;
  const { layer, prior, scale } = await fit(request, standardisation);
  const raw = forRawRows(layer, standardisation);
  return { layer: raw, parts, absent: absentScores(raw, standardisation), prior, scale };
}

/** Returns the scores of a row before softmax or sigmoid; of a regression, its standardised number. */
export function scoreRow(
  { layer, parts, absent }: Pick<FittedHead, 'layer' | 'parts' | 'absent'>,
  row: Float32Array,
): Float64Array {
  const outputs = layer.bias.length;
  const scores = scoresOf(layer, row);
  let start = 0;
  for (const [part, size] of parts.entries()) {
    if (isMissing(row, start, start + size)) {
      for (let i = 0; i < outputs; i++) scores[i] = (scores[i] as number) + (absent[part * outputs + i] as number);
    }
    start += size;
  }
  return scores;
}

/** Returns the numbers of a regression for its scores. */
export function numbersFor(scores: Float64Array, scale: NumberScale | null): Float64Array {
  return scale === null ? scores : scores.map((score) => score * scale.deviation + scale.mean);
}

type Fitted = Pick<FittedHead, 'layer' | 'prior' | 'scale'>;

async function fitClassification(request: FitRequest, standardisation: Standardisation): Promise<Fitted> {
  const { trainer, method, targets, rows, seed, signal, onProgress } = request;
  const kind = targets.type === 'multilabel' ? 'multilabel' : 'multiclass';
  const outputs = outputsOf(targets);
  const labels = labelsOf(targets, rows.sources);
  if (method === 'nearest-mean') {
    const layer = await nearestMeans({ kind, rows, standardisation, labels, outputs, pause: pauses(signal) });
    onProgress(1);
    return { layer, prior: priorScores(kind, labels, outputs), scale: null };
  }
  // All rows count alike, or probabilities would be those of a table with equally many rows of each class.
  const classWeights = new Float32Array(outputs).fill(1);
  const task = { kind, rows, standardisation, labels, tags: outputs, classWeights, seed, signal, onProgress } as const;
  return { layer: await trainer.trainLayer(task), prior: new Float64Array(outputs), scale: null };
}

async function fitRegression(request: FitRequest, standardisation: Standardisation): Promise<Fitted> {
  const { trainer, method, targets, rows, seed, signal, onProgress } = request;
  const { numbers, scale } = numbersOf(targets, rows.sources);
  const task = { rows, standardisation, onProgress };
  const layer =
    method === 'ridge'
      ? await ridge({ ...task, numbers, pause: pauses(signal) })
      : await trainer.trainLayer({ ...task, kind: 'regression', labels: numbers, tags: 1, seed, signal });
  onProgress(1);
  return { layer, prior: new Float64Array(1), scale };
}

/** What a part of zeros lacks: the scores of the mean of the part. */
function absentScores({ weights, bias }: LinearLayer, { mean, parts }: Standardisation): Float32Array {
  const outputs = bias.length;
  const absent = new Float64Array(parts.length * outputs);
  let feature = 0;
  for (const [part, { size }] of parts.entries()) {
    for (const end = feature + size; feature < end; feature++) {
      for (let i = 0; i < outputs; i++) {
        const at = part * outputs + i;
        absent[at] = (absent[at] as number) + (weights[feature * outputs + i] as number) * (mean[feature] as number);
      }
    }
  }
  return Float32Array.from(absent);
}
