import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { l2Normalised, type Backbone, type BackboneOutput, type FeatureMaps } from './backbone.js';
import { DEFAULT_BACKBONE_PATH } from './default-backbone.js';

type OnnxRuntime = typeof import('onnxruntime-node');
type InputType = 'uint8' | 'float32';

/** What was read from the model's own description of its inputs and outputs. */
interface Shape {
  readonly input: string;
  readonly inputType: InputType;
  readonly width: number;
  readonly height: number;
  readonly embeddingSize: number;
  /** Which of `OUTPUTS` it has. */
  readonly outputs: readonly string[];
}

const EMBEDDING = 'embedding';
const OUTPUTS = [EMBEDDING, 'activations', 'logits'];

/**
 * Opens a backbone in ONNX Runtime, on one thread of the CPU: on a CPU a process per core does more than threads.
 *
 * Any model can take the default's place that has one input, batch × height × width × 3 of RGB from 0 to 255 (uint8 or
 * float32, height and width fixed), and an output `embedding` (float32, batch × size). Activation maps also need
 * `activations` (float32, batch × channels × height × width).
 *
 * It takes 0.1 s, and loads ONNX Runtime only now.
 *
 * @throws Error where the file cannot be read, or is not such a model
 */
export async function openOnnxBackbone(path: string = DEFAULT_BACKBONE_PATH): Promise<Backbone> {
  const runtime = await loadRuntime();
  // Read here rather than by the runtime, so that the id is that of the very bytes that run.
  const bytes = await readFile(path);
  const session = await runtime.InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // One shape of input for ever, which is what the plan of buffers and the arena are good for.
    enableCpuMemArena: true,
    enableMemPattern: true,
    logSeverityLevel: 3,
  });
  try {
    const digest = createHash('sha256').update(bytes).digest('hex');
    const id = `${basename(path, '.onnx')}:${digest.slice(0, 12)}`;
    return new OnnxBackbone(runtime, session, id, shapeOf(session));
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** The module is CommonJS: where named exports are not found in it, they are on its default. */
async function loadRuntime(): Promise<OnnxRuntime> {
  const module = (await import('onnxruntime-node')) as OnnxRuntime & { default?: OnnxRuntime };
  return module.default ?? module;
}

class OnnxBackbone implements Backbone {
  constructor(
    private readonly runtime: OnnxRuntime,
    private readonly session: InferenceSession,
    readonly id: string,
    private readonly shape: Shape,
  ) {}

  get inputSize(): { width: number; height: number } {
    return { width: this.shape.width, height: this.shape.height };
  }

  get embeddingSize(): number {
    return this.shape.embeddingSize;
  }

  async embed(pixels: readonly Uint8Array[]): Promise<Float32Array[]> {
    return (await this.#runAll(pixels, [EMBEDDING])).map(({ embedding }) => embedding);
  }

  run(pixels: readonly Uint8Array[]): Promise<BackboneOutput[]> {
    return this.#runAll(pixels, this.shape.outputs);
  }

  close(): Promise<void> {
    return this.session.release();
  }

  /** One after another: a batch is no faster on a CPU, and needs its multiple of memory. */
  async #runAll(pixels: readonly Uint8Array[], names: readonly string[]): Promise<BackboneOutput[]> {
    const inputs = pixels.map((picture) => this.#inputOf(picture));
    const outputs: BackboneOutput[] = [];
    for (const input of inputs) {
      const found = await this.session.run({ [this.shape.input]: input }, names);
      outputs.push(outputOf(found));
    }
    return outputs;
  }

  #inputOf(pixels: Uint8Array): Tensor {
    const { inputType, height, width } = this.shape;
    const expected = height * width * 3;
    if (pixels.length !== expected) {
      throw new RangeError(`${width} × ${height} RGB pixels have ${expected} bytes, not ${pixels.length}.`);
    }
    const dimensions = [1, height, width, 3];
    if (inputType === 'uint8') return new this.runtime.Tensor('uint8', pixels, dimensions);
    return new this.runtime.Tensor('float32', Float32Array.from(pixels), dimensions);
  }
}

function outputOf(found: InferenceSession.OnnxValueMapType): BackboneOutput {
  const { embedding, activations, logits } = found as Record<string, Tensor | undefined>;
  return {
    embedding: l2Normalised(numbers(embedding as Tensor)),
    ...(activations === undefined ? {} : { activations: featureMaps(activations) }),
    ...(logits === undefined ? {} : { logits: numbers(logits) }),
  };
}

function featureMaps(tensor: Tensor): FeatureMaps {
  const [, channels, height, width] = tensor.dims as [number, number, number, number];
  return { data: numbers(tensor), channels, height, width };
}

const numbers = (tensor: Tensor): Float32Array => tensor.data as Float32Array;

/** @throws Error where it is not a backbone as `openOnnxBackbone` describes */
function shapeOf(session: InferenceSession): Shape {
  const [input, ...others] = session.inputMetadata;
  if (input === undefined || !input.isTensor || others.length > 0) throw unsuited('one input, a tensor');
  const [, height, width, channels] = input.shape;
  if (!isSize(height) || !isSize(width) || channels !== 3 || input.shape.length !== 4) {
    throw unsuited('an input of batch × height × width × 3');
  }
  if (input.type !== 'uint8' && input.type !== 'float32') throw unsuited('an input of uint8 or float32');
  const embedding = session.outputMetadata.find(({ name }) => name === EMBEDDING);
  if (embedding === undefined || !embedding.isTensor || embedding.type !== 'float32') {
    throw unsuited(`an output "${EMBEDDING}" of float32`);
  }
  const embeddingSize = embedding.shape[1];
  if (!isSize(embeddingSize) || embedding.shape.length !== 2) throw unsuited(`batch × size for "${EMBEDDING}"`);
  const outputs = OUTPUTS.filter((name) => session.outputNames.includes(name));
  return { input: input.name, inputType: input.type, width, height, embeddingSize, outputs };
}

const isSize = (value: unknown): value is number => typeof value === 'number' && value > 0;

function unsuited(expected: string): Error {
  return new Error(`The model cannot be a backbone: it needs ${expected}.`);
}
