import { embeddingSizeOf, float32Bytes, type Head } from '@pentaprism/heads';

export interface TensorFlowJsExport {
  readonly head: Head;
  /** One per tag. */
  readonly labels: readonly string[];
  /** Of the model, for people. */
  readonly name: string;
}

/**
 * The head alone as a model of TensorFlow.js, for programs that calculate embeddings themselves: one dense layer over an
 * embedding of Euclidean length 1, batch × embeddingSize, that gives batch × tags probabilities.
 *
 * @returns file name → bytes: `model.json` (format "layers-model", for `tf.loadLayersModel`), `weights.bin`,
 *   `labels.txt` (one a line; line breaks in them became spaces)
 */
export function exportTensorFlowJs({ head, labels, name }: TensorFlowJsExport): Record<string, Uint8Array> {
  const [size, tags] = [embeddingSizeOf(head), head.bias.length];
  if (labels.length !== tags) throw new RangeError(`${tags} tags have ${labels.length} labels.`);
  const layer = {
    name: 'head',
    units: tags,
    activation: head.kind === 'multiclass' ? 'softmax' : 'sigmoid',
    use_bias: true,
    dtype: 'float32',
    batch_input_shape: [null, size],
    trainable: true,
  };
  const model = {
    format: 'layers-model',
    generatedBy: 'Pentaprism',
    convertedBy: null,
    modelTopology: {
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
      model_config: {
        class_name: 'Sequential',
        config: { name: 'sequential', layers: [{ class_name: 'Dense', config: layer }] },
      },
    },
    weightsManifest: [
      {
        paths: ['weights.bin'],
        weights: [
          { name: 'head/kernel', shape: [size, tags], dtype: 'float32' },
          { name: 'head/bias', shape: [tags], dtype: 'float32' },
        ],
      },
    ],
    userDefinedMetadata: { name, kind: head.kind, labels },
  };
  const text = (content: string) => new TextEncoder().encode(content);
  return {
    'model.json': text(JSON.stringify(model)),
    'weights.bin': float32Bytes(head.weights, head.bias),
    'labels.txt': text(labels.map((label) => `${label.replaceAll(/[\r\n]+/g, ' ')}\n`).join('')),
  };
}
