import { createHash, type Hash } from 'node:crypto';
import { pipeline, Transform, type Readable, type TransformCallback } from 'node:stream';
import type { DomainError } from '@pentaprism/domain';
import type { BlobFault } from './integrity.js';

export interface VerifiedStreamOptions {
  /** The SHA-256 that all bytes of the source must have. Without it only their number is checked. */
  readonly sha256?: string | undefined;
  /** Bytes that the source must have. */
  readonly size: number;
  /** The first byte that is passed on, and the last. Default: all. */
  readonly start?: number;
  readonly end?: number;
  /** Reports the damage, and returns the error with which the stream ends. */
  readonly onDamage: (fault: BlobFault) => DomainError;
  readonly onVerified?: () => void;
}

/**
 * Passes bytes of a source on while it checks all of them. The last chunk is held back until the check has succeeded, so
 * that a reader never receives the whole of a damaged blob: the stream fails with DATA_LOSS instead.
 */
class VerifyingStream extends Transform {
  readonly #options: VerifiedStreamOptions;
  readonly #hash: Hash | undefined;
  #position = 0;
  #held: Buffer | undefined;

  constructor(options: VerifiedStreamOptions) {
    super();
    this.#options = options;
    this.#hash = options.sha256 === undefined ? undefined : createHash('sha256');
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash?.update(chunk);
    const { start = 0, end = Number.POSITIVE_INFINITY } = this.#options;
    const wanted = chunk.subarray(
      Math.min(chunk.length, Math.max(0, start - this.#position)),
      Math.max(0, Math.min(chunk.length, end + 1 - this.#position)),
    );
    this.#position += chunk.length;
    if (wanted.length > 0) {
      if (this.#held) this.push(this.#held);
      this.#held = wanted;
    }
    done();
  }

  override _flush(done: TransformCallback): void {
    const { size, sha256, onDamage, onVerified } = this.#options;
    const digest = this.#hash?.digest('hex');
    const fault: BlobFault | null = this.#position !== size ? 'size' : digest !== sha256 ? 'hash' : null;
    if (fault !== null) {
      done(onDamage(fault));
      return;
    }
    onVerified?.();
    if (this.#held) this.push(this.#held);
    done();
  }
}

/** Returns the stream of the checked bytes. Destroying it destroys the source, and the source's error is its own. */
export function verifiedStream(source: Readable, options: VerifiedStreamOptions): Readable {
  // The error comes out of the returned stream.
  return pipeline(source, new VerifyingStream(options), () => undefined);
}
