import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { strFromU8, unzipSync } from 'fflate';
import { DEFAULT_BACKBONE_PATH } from './default-backbone.js';
import { modelArchive } from './model-archive.js';

const LABELS = ['cup', 'two\r\nlines', '杯'];
const head = { kind: 'multiclass' as const, weights: new Float32Array(1280 * 3), bias: new Float32Array(3) };
const manifest = { Platform: 'ONNX', Flavor: null };
let backbone: Uint8Array;
beforeAll(async () => {
  backbone = await readFile(DEFAULT_BACKBONE_PATH);
});

describe('modelArchive', () => {
  it.each([
    [{ onnx: 'float32' as const }, ['model.onnx']],
    ['tensorflow-js' as const, ['model.json', 'weights.bin']],
  ])('holds the files of %j beside labels and manifest', (format, files) => {
    const archive = unzipSync(modelArchive({ format, backbone, head, labels: LABELS, name: 'cups', manifest }));
    expect(Object.keys(archive)).toEqual([...files, 'labels.txt', 'cvexport.manifest']);
    expect(strFromU8(archive['labels.txt'] ?? new Uint8Array())).toBe('cup\ntwo lines\n杯\n');
    expect(JSON.parse(strFromU8(archive['cvexport.manifest'] ?? new Uint8Array()))).toEqual({
      DomainType: 'Classification',
      ...manifest,
      ModelFileName: files[0],
      LabelFileName: 'labels.txt',
      SchemaVersion: '1.0',
    });
  });
});
