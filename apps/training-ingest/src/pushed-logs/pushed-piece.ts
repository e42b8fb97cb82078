import { SMALL_BLOB_BYTES, type BlobKey, type BlobStore } from '@pentaprism/blob-store';
import { EVENT_UPLOADS_AREA, pushedLogContracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { buffer } from 'node:stream/consumers';
import type { EventFileSource } from '../event-logs/run-source.js';

/** Bytes of the checksum at the end of a record. */
const CHECKSUM_BYTES = 4;

/** A file as far as it is known here: what was read of it before, and a piece that follows. */
export class PushedPiece implements EventFileSource {
  readonly name: string;
  /** The same for all pieces of a file: what was read stays read. */
  readonly identity = 'pushed';
  readonly size: number;
  readonly #request: ParsedRequestOf<typeof pushedLogContracts.append>;

  constructor(
    private readonly blobs: Pick<BlobStore, 'open' | 'stat'>,
    private readonly workspace: string,
    request: ParsedRequestOf<typeof pushedLogContracts.append>,
  ) {
    this.#request = request;
    this.name = request.file;
    this.size = request.piece.start + request.piece.size;
  }

  /** @throws DomainError UNAVAILABLE if the piece is gone */
  async requireBytes(): Promise<void> {
    if ((await this.blobs.stat(this.#key)) === null) throw gone();
  }

  /**
   * @param start of the checksum, which is not in the piece
   * @throws DomainError CONFLICT if others have stored other records of the file meanwhile; UNAVAILABLE if the piece is gone
   */
  async *read(start: number, checksum: number | null): AsyncGenerator<Uint8Array> {
    const offset = checksum === null ? 0 : start + CHECKSUM_BYTES;
    await this.#requireOwn(offset, checksum);
    if (checksum !== null) yield checksumBytes(checksum);
    yield* await this.#open(offset);
  }

  get #key(): BlobKey {
    return { area: EVENT_UPLOADS_AREA, workspace: this.workspace, sha256: this.#request.piece.sha256 };
  }

  /** What was read of the piece by this call, or by another one that got the same bytes, is not read again. */
  async #requireOwn(offset: number, checksum: number | null): Promise<void> {
    const { offset: requested, piece } = this.#request;
    if (offset < requested || offset > this.size) throw wrongOffset(offset);
    if (checksum === null || offset === piece.start) return;
    const own = await buffer(await this.#open(offset - CHECKSUM_BYTES, CHECKSUM_BYTES));
    if (!own.equals(checksumBytes(checksum))) throw wrongOffset(offset);
  }

  /** @param length by default up to the end of the piece */
  async #open(offset: number, length?: number): Promise<AsyncIterable<Uint8Array>> {
    const { size, start: first } = this.#request.piece;
    const start = offset - first;
    const range = length === undefined ? { start } : { start, end: start + length - 1 };
    // Each pass opens the piece. All of a large one would be hashed each time, and records have checksums of their own.
    const options = { ...range, size, verify: size <= SMALL_BLOB_BYTES };
    try {
      return await this.blobs.open(this.#key, options);
    } catch (error) {
      if (!DomainError.is(error, 'NOT_FOUND')) throw error;
      throw gone(error);
    }
  }
}

/** The error of a piece that does not follow what is stored. */
export function wrongOffset(offset: number): DomainError {
  return new DomainError('CONFLICT', `The file has ${offset} bytes here. Go on at that offset.`, { offset });
}

function gone(cause?: unknown): DomainError {
  return new DomainError('UNAVAILABLE', 'The bytes are not there any more. Send them again.', {}, { cause });
}

function checksumBytes(checksum: number): Buffer {
  const bytes = Buffer.alloc(CHECKSUM_BYTES);
  bytes.writeUInt32LE(checksum);
  return bytes;
}
