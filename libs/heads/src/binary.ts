/** Little-endian binary files of this library: four letters, a version, sizes, then arrays. */

/** Little-endian, whatever this machine is. */
export function float32Bytes(...arrays: readonly Float32Array[]): Uint8Array {
  const bytes = new Uint8Array(arrays.reduce((sum, { length }) => sum + length * 4, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const values of arrays) for (const value of values) view.setFloat32((at += 4) - 4, value, true);
  return bytes;
}

/** Writes fields one after another. */
export class BinaryWriter {
  readonly #parts: Uint8Array[] = [];

  constructor(magic: string, version: number) {
    this.#parts.push(Buffer.from(magic, 'latin1'));
    this.uint32(version);
  }

  uint32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value);
    this.#parts.push(part);
    return this;
  }

  float32s(values: Float32Array): this {
    this.#parts.push(float32Bytes(values));
    return this;
  }

  float64s(values: Float64Array): this {
    const part = Buffer.alloc(values.length * 8);
    values.forEach((value, i) => part.writeDoubleLE(value, i * 8));
    this.#parts.push(part);
    return this;
  }

  uint8s(values: Uint8Array): this {
    this.#parts.push(values);
    return this;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#parts));
  }
}

/** Reads fields one after another, and nothing beyond the end: a size is checked before anything is allocated for it. */
export class BinaryReader {
  readonly #view: DataView;
  #offset = 0;

  /** @throws Error for another file, or another version of it */
  constructor(
    private readonly what: string,
    private readonly source: Uint8Array,
    magic: string,
    version: number,
  ) {
    this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    if (Buffer.from(this.uint8s(4)).toString('latin1') !== magic) throw this.broken('it begins with something else');
    const found = this.uint32();
    if (found !== version) throw this.broken(`version ${found} is not known`);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  float32s(length: number): Float32Array {
    const start = this.#advance(length * 4);
    const values = new Float32Array(length);
    for (let i = 0; i < length; i++) values[i] = this.#view.getFloat32(start + i * 4, true);
    return values;
  }

  float64s(length: number): Float64Array {
    const start = this.#advance(length * 8);
    return Float64Array.from({ length }, (_, i) => this.#view.getFloat64(start + i * 8, true));
  }

  uint8s(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.source.slice(start, start + length);
  }

  /** @throws Error where bytes are left */
  end(): void {
    const left = this.source.length - this.#offset;
    if (left > 0) throw this.broken(`${left} bytes are left behind its end`);
  }

  broken(why: string): Error {
    return new Error(`This is no ${this.what} that can be read: ${why}.`);
  }

  #advance(length: number): number {
    const start = this.#offset;
    if (length > this.source.length - start) throw this.broken('it is truncated');
    this.#offset += length;
    return start;
  }
}
