import { zipSync } from 'fflate';
import type { Head } from '@pentaprism/heads';
import { exportOnnx, type OnnxVariant } from './onnx-export.js';
import { exportTensorFlowJs } from './tensorflow-js-export.js';

export interface ModelArchive {
  readonly format: 'tensorflow-js' | { readonly onnx: OnnxVariant };
  /** An ONNX model with an output `embedding`, see `openOnnxBackbone`. */
  readonly backbone: Uint8Array;
  readonly head: Head;
  /** One per tag. */
  readonly labels: readonly string[];
  /** Of the model, for people. */
  readonly name: string;
  /** Further members of `cvexport.manifest`, where programs find out what the archive holds. */
  readonly manifest: Readonly<Record<string, string | null>>;
}

/** What the names of the files in it mean has not changed since this version. */
const SCHEMA_VERSION = '1.0';

/**
 * Returns a ZIP archive of a whole model, with the files that exports of Custom Vision have: `model.onnx`, or `model.json` and
 * `weights.bin`; `labels.txt`, one label a line in the order of the probabilities (line breaks in them become spaces); and
 * `cvexport.manifest`, a JSON object.
 *
 * @throws RangeError and Error as `exportOnnx` and `exportTensorFlowJs`
 */
export function modelArchive({ format, manifest, ...model }: ModelArchive): Uint8Array {
  const files =
    format === 'tensorflow-js'
      ? exportTensorFlowJs(model)
      : { 'model.onnx': exportOnnx({ ...model, variant: format.onnx }) };
  const described = {
    DomainType: 'Classification',
    ...manifest,
    ModelFileName: Object.keys(files)[0],
    LabelFileName: 'labels.txt',
    SchemaVersion: SCHEMA_VERSION,
  };
  const text = (content: string) => new TextEncoder().encode(content);
  const labels = model.labels.map((label) => `${label.replaceAll(/[\r\n]+/g, ' ')}\n`).join('');
  const others = { 'labels.txt': text(labels), 'cvexport.manifest': text(JSON.stringify(described, null, 2)) };
  // Weights hardly get smaller: stored as they are.
  return zipSync({ ...files, ...others }, { level: 0 });
}
