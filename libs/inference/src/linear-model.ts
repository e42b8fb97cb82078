import type { LinearLayer } from '@pentaprism/heads';
import type { LayerKind } from './head-trainer.js';
import type { TensorFlow } from './tensorflow.js';

/**
 * Adam's step times the size of the embedding, so that a score changes by about 1 at most, whatever the size. For 1280
 * numbers it is 0.001: as accurate as 0.0003 on made-up clusters, in half of the epochs or fewer. Of held-out photos all
 * were right with either, and with 0.003.
 */
const LEARNING_RATE_TIMES_SIZE = 1.28;
/**
 * Times half of the squared weights, of standardised features. 0.1 was as accurate as 0.01 on made-up clusters, in a
 * third of the epochs where they were easy to tell apart.
 */
const L2 = 0.1;

/** A layer in training: its variables in TensorFlow.js, which have to be disposed of. */
export class LinearModel {
  readonly #weights: TensorFlow.Variable;
  readonly #bias: TensorFlow.Variable;
  readonly #optimizer: TensorFlow.Optimizer;

  readonly tags: number;

  /** @param startBias see `startBias` */
  constructor(
    private readonly tf: typeof TensorFlow,
    private readonly kind: LayerKind,
    private readonly size: number,
    startBias: Float32Array,
  ) {
    this.tags = startBias.length;
    [this.#weights, this.#bias] = tf.tidy(() => [
      tf.variable(tf.zeros([size, this.tags])),
      tf.variable(tf.tensor1d(startBias)),
    ]);
    this.#optimizer = tf.train.adam(LEARNING_RATE_TIMES_SIZE / size);
  }

  /**
   * One step against the gradient of the weighted cross entropy, which for softmax and sigmoid alike is (probability −
   * label) × weight, or of half of the squared error, which is (score − number) × weight: too simple to need automatic
   * differentiation.
   *
   * @param rows examples × size, standardised
   * @param labels examples × tags
   * @param weights examples × tags, see `gradientWeights`
   */
  step(rows: Float32Array, labels: Uint8Array | Float32Array, weights: Float32Array): void {
    const { tf, tags } = this;
    const examples = labels.length / tags;
    tf.tidy(() => {
      const inputs = tf.tensor2d(rows, [examples, this.size]);
      const errors = tf.sub(
        this.#predictions(this.#scores(inputs)),
        tf.tensor2d(Float32Array.from(labels), [examples, tags]),
      );
      const shares = tf.tensor2d(
        weights.map((weight) => weight / examples),
        [examples, tags],
      );
      const weighted = tf.mul(errors, shares);
      // Not `matMul(inputs, weighted, true)`: on WebAssembly only factors as they are take the quick path, which halves
      // the time of a step.
      const product = tf.transpose(tf.matMul(tf.transpose(weighted), inputs));
      const gradient = tf.add(product, tf.mul(this.#weights, L2));
      this.#optimizer.applyGradients([
        { name: this.#weights.name, tensor: gradient },
        { name: this.#bias.name, tensor: tf.sum(weighted, 0) },
      ]);
    });
  }

  /** Before softmax or sigmoid, examples × tags. */
  scores(rows: Float32Array): Float32Array {
    const { tf, size } = this;
    return tf.tidy(() => this.#scores(tf.tensor2d(rows, [rows.length / size, size])).dataSync<'float32'>());
  }

  layer(): LinearLayer {
    // Copies: the backend may hand out a view of its own memory.
    return {
      weights: this.#weights.dataSync<'float32'>().slice(),
      bias: this.#bias.dataSync<'float32'>().slice(),
    };
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.#weights.dispose();
    this.#bias.dispose();
  }

  #predictions(scores: TensorFlow.Tensor): TensorFlow.Tensor {
    if (this.kind === 'regression') return scores;
    return this.kind === 'multiclass' ? this.tf.softmax(scores) : this.tf.sigmoid(scores);
  }

  #scores(inputs: TensorFlow.Tensor2D): TensorFlow.Tensor {
    return this.tf.add(this.tf.matMul(inputs, this.#weights as TensorFlow.Tensor2D), this.#bias);
  }
}
