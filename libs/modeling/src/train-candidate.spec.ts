/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { createRandom, metricsOf, TARGET_TYPES } from '@pentaprism/domain';
import { createTensorFlowHeadTrainer } from '@pentaprism/inference';
import { BLUEPRINTS, blueprintsFor } from '@pentaprism/domain';
import type { Candidate, CandidateRequest } from './candidate.js';
import { decodeModel, encodeModel } from './model-file.js';
import { predictRow, weightsOf } from './model.js';
import { HOLD_OUT } from './partitions.js';
import { counts, table } from './table.fixture.js';
import { trainCandidate } from './train-candidate.js';

const trainer = createTensorFlowHeadTrainer();
const train = (request: CandidateRequest) => trainCandidate(trainer, request);
const ramp = Array.from({ length: 60 }, (_, row) => row / 60);
const valuesOf = (type: string) => (type === 'regression' ? ramp : counts(20, 20, 20));

function rowOf({ features, plan }: CandidateRequest, row: number): Float32Array {
  return features.subarray(row * plan.width, (row + 1) * plan.width);
}

function expectFinite({ metrics, predictions, model }: Candidate): void {
  for (const { name } of metricsOf([model.targetType])) {
    expect(Number.isFinite(metrics[name]?.validation)).toBe(true);
    expect(Number.isFinite(metrics[name]?.crossValidation)).toBe(true);
  }
  expect(predictions.every(Number.isFinite)).toBe(true);
}

describe.each(BLUEPRINTS.flatMap(({ id, targetTypes }) => targetTypes.map((type) => ({ id, type }))))(
  '$id for a $type target',
  ({ id, type }) => {
    const request = table(id, { type, values: valuesOf(type), noise: 0.15 });

    it('learns what generalises, and gives the same bytes again', async () => {
      const candidate = await train(request);
      expectFinite(candidate);
      const { AUC: auc, 'R Squared': rSquared } = candidate.metrics;
      expect((auc ?? rSquared)?.crossValidation).toBeGreaterThan(0.8);
      expect((auc ?? rSquared)?.holdout).toBeGreaterThan(0.8);
      const again = await train(request);
      expect(Buffer.compare(encodeModel(again.model), encodeModel(candidate.model))).toBe(0);
      expect(again.predictions).toEqual(candidate.predictions);
      expect(again.metrics).toEqual(candidate.metrics);
    });
  },
);

describe.each(TARGET_TYPES)('candidates for a %s target', (type) => {
  it('have metrics of tables of any size, down to a single row', async () => {
    for (const [rows, used] of [
      [1, 1],
      [2, 1],
      [2, 2],
      [4, 2],
      [6, 3],
      [12, 2],
    ] as const) {
      const values = Array.from({ length: rows }, (_, row) => row % used);
      for (const { id } of blueprintsFor({ targetType: type, hasAugmentation: false, hasOtherColumns: false })) {
        expectFinite(await train(table(id, { type, values })));
      }
    }
  });

  it('are evaluated on rows that their heads have not seen', async () => {
    const [{ id } = { id: '' }] = blueprintsFor({ targetType: type, hasAugmentation: false, hasOtherColumns: false });
    const request = table(id, { type, values: valuesOf(type) });
    const { model, predictions, metrics } = await train(request);
    const outputs = model.layer.bias.length;
    const same = (row: number) =>
      predictRow(model, rowOf(request, row)).every(
        (value, output) => Math.abs(value - (predictions[row * outputs + output] as number)) < 1e-5,
      );
    const [held, others] = [[] as boolean[], [] as boolean[]];
    request.partitions.forEach((partition, row) => (partition === HOLD_OUT ? held : others).push(same(row)));
    expect(held.every(Boolean)).toBe(true);
    expect(others.filter(Boolean).length).toBeLessThan(others.length / 4);
    expect(Object.values(metrics).every(({ holdout }) => holdout !== null)).toBe(true);
  });
});

describe('candidates', () => {
  it('of one fold alone have no hold-out', async () => {
    const { metrics } = await train(table('keras-linear-classifier', { type: 'binary', values: [0], classes: 2 }));
    expect(metrics.LogLoss?.holdout).toBeNull();
  });

  it('have finite metrics if a class is missing in folds', async () => {
    for (const id of ['keras-linear-classifier', 'nearest-mean-classifier']) {
      expectFinite(await train(table(id, { type: 'multiclass', values: counts(20, 20, 1) })));
    }
  });

  it('predict rows without a value of the target, and do not learn from them', async () => {
    const values = [...counts(10, 10), undefined, undefined];
    const request = table('nearest-mean-classifier', { type: 'binary', values, classes: 2 });
    const { predictions } = await train(request);
    const changed = { ...request, features: request.features.slice() };
    changed.features.fill(0.1, 21 * request.plan.width);
    const other = (await train(changed)).predictions;
    expect(other.subarray(0, 42)).toEqual(predictions.subarray(0, 42));
    expect(other.subarray(42)).not.toEqual(predictions.subarray(42));
    expect((predictions[42] as number) + (predictions[43] as number)).toBeCloseTo(1, 5);
  });

  it.each(['keras-linear-classifier', 'nearest-mean-classifier'])('have calibrated probabilities (%s)', async (id) => {
    // Two classes that overlap, one four times as frequent as the other.
    const request = table(id, { type: 'binary', values: counts(800, 200), classes: 2, noise: 1 });
    const { predictions, metrics } = await train(request);
    const positive = Array.from(predictions).filter((_, i) => i % 2 === 1);
    const mean = positive.reduce((sum, value) => sum + value, 0) / positive.length;
    expect(mean).toBeGreaterThan(0.17);
    expect(mean).toBeLessThan(0.23);
    for (const [from, to] of [
      [0, 0.3],
      [0.3, 0.7],
      [0.7, 1],
    ] as const) {
      const rows = [...positive.keys()].filter(
        (row) => (positive[row] as number) >= from && (positive[row] as number) < to,
      );
      const predicted = rows.reduce((sum, row) => sum + (positive[row] as number), 0) / rows.length;
      const actual = rows.filter((row) => row >= 800).length / rows.length;
      expect(rows.length).toBeGreaterThan(20);
      expect(Math.abs(predicted - actual)).toBeLessThan(0.12);
    }
    // Better than the shares of the classes alone.
    expect(metrics.LogLoss?.crossValidation).toBeLessThan(0.48);
  });

  it('predict class probabilities that add up to 1', async () => {
    for (const id of ['keras-linear-classifier', 'nearest-mean-classifier']) {
      const { predictions } = await train(table(id, { type: 'multiclass', values: counts(10, 10, 10) }));
      for (let start = 0; start < predictions.length; start += 3) {
        const sum = Array.from(predictions.subarray(start, start + 3)).reduce((total, value) => total + value, 0);
        expect(sum).toBeCloseTo(1, 5);
      }
    }
  });

  it('rest on other columns where these decide', async () => {
    const random = createRandom('classes');
    const values = Array.from({ length: 120 }, () => Number(random() < 0.5));
    const columns = [{ column: 'n', kind: 'number' as const }];
    const rows = values.map((value) => [value + 0.2 * random()]);
    // Clusters so wide that embeddings say next to nothing.
    const options = { type: 'binary' as const, values, classes: 2, noise: 50, others: { columns, rows } };
    const images = await train(table('keras-linear-classifier', options));
    const all = await train(table('keras-linear-classifier-all-columns', options));
    expect(images.model.plan.others).toEqual([]);
    expect(images.metrics.Accuracy?.crossValidation).toBeLessThan(0.75);
    expect(all.metrics.Accuracy?.crossValidation).toBeGreaterThan(0.95);
  });

  it('predict a row without an image as one of an average image', async () => {
    const values = counts(40, 20);
    const missing = [0, 1, 2, 40];
    const request = table('keras-linear-classifier', { type: 'binary', values, classes: 2, missing });
    const { model } = await train(request);
    const [common] = predictRow(model, rowOf(request, 0));
    expect(common).toBeGreaterThan(0.5);
    expect(common).toBeLessThan(0.95);
    expect(predictRow(model, new Float32Array(model.plan.width))).toEqual(predictRow(model, rowOf(request, 0)));
  });

  it('learn from augmented rows, and only where the row that they were made of is learnt from', async () => {
    const request = table('keras-linear-classifier-augmented', { type: 'binary', values: counts(10, 10), classes: 2 });
    const { width } = request.plan;
    const made = (sources: number[]) => ({
      sources: Uint32Array.from(sources),
      features: Float32Array.from({ length: sources.length * width }, (_, i) => Math.sin(i)),
    });
    const bytes = async (sources: number[]) =>
      Buffer.from(encodeModel((await train({ ...request, augmented: made(sources) })).model));
    const held = [...request.partitions.keys()].filter((row) => request.partitions[row] === HOLD_OUT);
    const none = await bytes([]);
    expect(held.length).toBeGreaterThan(0);
    expect((await bytes(held)).equals(none)).toBe(true);
    expect((await bytes([request.partitions.indexOf(0)])).equals(none)).toBe(false);
  });

  it('have exact weights for each image column', async () => {
    const request = table('keras-linear-classifier', { type: 'multiclass', values: counts(8, 8, 8), imageColumns: 2 });
    const { model } = await train(request);
    const row = rowOf(request, 5);
    const size = 24;
    const scores = [0, 1, 2].map((output) =>
      ['image 0', 'image 1'].reduce((sum, column, part) => {
        const weights = weightsOf(model, column).perOutput[output] as Float32Array;
        return weights.reduce((total, weight, i) => total + weight * (row[part * size + i] as number), sum);
      }, model.layer.bias[output] as number),
    );
    const powers = scores.map(Math.exp);
    const sum = powers.reduce((total, power) => total + power, 0);
    predictRow(model, row).forEach((value, i) => expect(value).toBeCloseTo((powers[i] as number) / sum, 5));
    expect(() => weightsOf(model, 'other')).toThrow('does not use an image column other');
  });

  it('use other columns of a table without images, whatever the blueprint', async () => {
    const values = counts(20, 20);
    const others = {
      columns: [{ column: 'c', kind: 'category' as const }],
      rows: values.map((value) => [`v${value}`]),
    };
    const options = { type: 'binary' as const, values, classes: 2, imageColumns: 0, others };
    const { metrics } = await train(table('nearest-mean-classifier', options));
    expect(metrics.Accuracy?.crossValidation).toBe(1);
  });

  it('predict huge numbers of a regression with their unit', async () => {
    const request = table('ridge-regressor', { type: 'regression', values: ramp, noise: 0.15 });
    const rows = Float64Array.from(ramp, (value) => (value + 3) * 1e20);
    const { metrics } = await train({ ...request, targets: { type: 'regression', classes: [], rows } });
    expect(metrics['R Squared']?.crossValidation).toBeGreaterThan(0.8);
    expect(metrics.RMSE?.crossValidation).toBeLessThan(0.2 * 1e20);
  });

  it.each(['ridge-regressor', 'keras-linear-regressor'])(
    'predict the milliseconds of timestamps, which single precision cannot tell apart, with %s',
    async (id) => {
      const request = table(id, { type: 'regression', values: ramp, noise: 0.15 });
      const rows = Float64Array.from(ramp, (value) => 1.7e12 + value * 1000);
      const { metrics, model, predictions } = await train({
        ...request,
        targets: { type: 'regression', classes: [], rows },
      });
      expect(metrics['R Squared']?.crossValidation).toBeGreaterThan(0.8);
      expect(new Set(predictions).size).toBeGreaterThan(ramp.length / 2);
      const [predicted = NaN] = predictRow(decodeModel(encodeModel(model)), rowOf(request, 0));
      expect(Math.abs(predicted - (rows[0] as number))).toBeLessThan(500);
    },
  );

  it.each([
    ['features', { features: new Float32Array(5) }, '6 rows of 24 features are not 5 numbers'],
    ['partitions', { partitions: new Uint8Array(5) }, '6 rows do not have 5 partitions'],
    ['targets', { partitions: new Uint8Array(6).fill(255) }, 'No row has a value of the target'],
  ])('refuse %s that do not fit', async (_what, wrong, message) => {
    const request = table('keras-linear-classifier', { type: 'binary', values: counts(3, 3), classes: 2 });
    await expect(train({ ...request, ...wrong })).rejects.toThrow(message);
  });
});
