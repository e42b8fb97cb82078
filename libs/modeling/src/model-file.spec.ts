/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { createTensorFlowHeadTrainer } from '@pentaprism/inference';
import { decodeModel, encodeModel } from './model-file.js';
import { predictRow, type TableModel } from './model.js';
import { counts, table } from './table.fixture.js';
import { trainCandidate } from './train-candidate.js';

describe('the file of a model', () => {
  let model: TableModel;
  beforeAll(async () => {
    const values = counts(6, 6);
    const columns = [
      { column: 'größe', kind: 'number' as const },
      { column: 'colour', kind: 'category' as const },
    ];
    const rows = values.map((value, row) => [row, ['red', 'blue'][value]]);
    const options = { type: 'binary' as const, values, classes: 2, others: { columns, rows } };
    const request = table('keras-linear-classifier-all-columns', options);
    ({ model } = await trainCandidate(createTensorFlowHeadTrainer(), request));
  });

  it('holds everything that a prediction needs', () => {
    const read = decodeModel(encodeModel(model));
    expect(read).toEqual(model);
    expect(read).toMatchObject({ blueprint: 'keras-linear-classifier-all-columns', backbone: 'test' });
    const row = Float32Array.from({ length: model.plan.width }, (_, i) => Math.sin(i));
    expect(predictRow(read, row)).toEqual(predictRow(model, row));
    expect(Buffer.compare(encodeModel(read), encodeModel(model))).toBe(0);
  });

  it('is refused if it is cut off, has bytes behind its end, or is something else', () => {
    const bytes = encodeModel(model);
    for (const length of [0, 3, 8, 40, bytes.length - 1]) expect(() => decodeModel(bytes.slice(0, length))).toThrow();
    expect(() => decodeModel(Uint8Array.from([...bytes, 0]))).toThrow('bytes are left behind its end');
    expect(() => decodeModel(bytes.with(0, 0))).toThrow('it begins with something else');
    expect(() => decodeModel(bytes.with(12, 0))).toThrow('its header is not that of a model');
  });

  it('is refused if its sizes contradict each other', () => {
    const plan = { ...model.plan, width: model.plan.width + 1 };
    expect(() => decodeModel(encodeModel({ ...model, plan }))).toThrow();
    const images = model.plan.images.map((part) => ({ ...part, size: 2 ** 31 }));
    expect(() => decodeModel(encodeModel({ ...model, plan: { ...model.plan, images } }))).toThrow();
  });
});
