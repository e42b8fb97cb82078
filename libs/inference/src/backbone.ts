/** A frozen network that turns pictures into numbers. Trained elsewhere; only heads are trained here. */
export interface Backbone {
  /** Model name and the first 12 hexadecimal digits of its file's SHA-256: embeddings with the same id are comparable. */
  readonly id: string;
  /** Of the pixels, in pixels. */
  readonly inputSize: { readonly width: number; readonly height: number };
  readonly embeddingSize: number;

  /**
   * One embedding per picture: `embeddingSize` numbers, of Euclidean length 1.
   *
   * @param pixels per picture height × width × 3 bytes, RGB, row by row
   * @throws RangeError for pixels of another length
   */
  embed(pixels: readonly Uint8Array[]): Promise<Float32Array[]>;

  /**
   * Everything that the network says, per picture.
   *
   * @param pixels as for `embed`
   * @throws RangeError for pixels of another length
   */
  run(pixels: readonly Uint8Array[]): Promise<BackboneOutput[]>;

  /** Gives its memory back. Nothing may be asked of it any more. */
  close(): Promise<void>;
}

export interface BackboneOutput {
  /** Of Euclidean length 1, as from `embed`. */
  readonly embedding: Float32Array;
  /** The last feature maps, channels × height × width; their means over a map are the embedding before normalisation. */
  readonly activations?: FeatureMaps;
  /** One per class that the network was trained on, before softmax. */
  readonly logits?: Float32Array;
}

export interface FeatureMaps {
  readonly data: Float32Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Scales to Euclidean length 1. Zeros stay zeros. */
export function l2Normalised(vector: Float32Array): Float32Array {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares);
  return length === 0 ? vector.slice() : vector.map((value) => value / length);
}
