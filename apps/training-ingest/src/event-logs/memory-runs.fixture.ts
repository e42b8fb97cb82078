import { randomUUID } from 'node:crypto';
import type { EventFileSource, RunSource } from './run-source.js';

/** Event files in memory, which tests append to and replace. */
export class MemoryRun {
  readonly #files = new Map<string, { identity: string; bytes: Buffer }>();
  /** Bytes that were read. */
  readBytes = 0;
  /** Fails the reading of the file that it names. */
  broken: string | undefined;

  constructor(
    readonly workspace: string,
    readonly name: string,
    files: Readonly<Record<string, Buffer>> = {},
    private readonly pieceBytes = 1000,
  ) {
    for (const [file, bytes] of Object.entries(files)) this.replace(file, bytes);
  }

  append(file: string, bytes: Buffer): void {
    const known = this.#files.get(file);
    if (known) known.bytes = Buffer.concat([known.bytes, bytes]);
    else this.replace(file, bytes);
  }

  /** Puts another file in the place of one. */
  replace(file: string, bytes: Buffer): void {
    this.#files.set(file, { identity: randomUUID(), bytes });
  }

  /** Writes over the bytes of a file, which stays the same one. */
  overwrite(file: string, bytes: Buffer): void {
    const known = this.#files.get(file);
    if (known) known.bytes = bytes;
  }

  delete(file: string): void {
    this.#files.delete(file);
  }

  /** The run as it is now. */
  get source(): RunSource {
    const names = [...this.#files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return { workspace: this.workspace, name: this.name, files: names.map((name) => this.#sourceOf(name)) };
  }

  #sourceOf(name: string): EventFileSource {
    const file = this.#files.get(name);
    if (!file) throw new Error(`There is no file ${name}.`);
    const { identity, bytes } = file;
    return { name, identity, size: bytes.length, read: (offset) => this.#read(name, bytes.subarray(offset)) };
  }

  async *#read(name: string, bytes: Buffer): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += this.pieceBytes) {
      await Promise.resolve();
      if (name === this.broken) throw new Error(`The file ${name} is broken.`);
      const piece = Buffer.from(bytes.subarray(at, at + this.pieceBytes));
      this.readBytes += piece.length;
      yield piece;
    }
  }
}
