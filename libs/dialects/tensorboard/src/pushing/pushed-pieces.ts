import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { EVENT_UPLOADS_AREA, pushedLogContracts, type PushedFile } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { Contents, principalOf, refuseDeclaredLength, UploadLimits } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';

/** Receives pieces of event files. */
@Injectable()
export class PushedPieces {
  constructor(
    private readonly bus: Bus,
    private readonly contents: Contents,
    private readonly limits: UploadLimits,
  ) {}

  /**
   * Appends the body of a request to a file.
   *
   * @param offset where the body begins in the file
   * @returns the offset after the last whole record of the body, up to which everything is stored
   * @throws DomainError CONFLICT if the file has another offset, or its run is one of the log directory;
   *   FAILED_PRECONDITION; PAYLOAD_TOO_LARGE; STORAGE_FULL
   */
  async append(request: FastifyRequest, file: PushedFile, offset: number): Promise<number> {
    // Before the body is stored, in vain. The service compares both again.
    const known = await this.bus.call(pushedLogContracts.offset, file);
    if (known.offset !== offset) throw wrongOffset(known.offset);
    if (known.ended !== null) throw new DomainError('FAILED_PRECONDITION', known.ended);
    const { body, headers } = request;
    if (!(body instanceof Readable) || headers['content-length'] === '0') return offset;
    const maxBytes = this.limits.maxDatasetBytes;
    refuseDeclaredLength(request, maxBytes);
    const { workspace } = principalOf(request);
    const source = untilCut(request, body);
    const { sha256, size } = await this.contents.store(workspace, source, maxBytes, EVENT_UPLOADS_AREA);
    return this.read(file, { sha256, size, start: offset });
  }

  private async read(file: PushedFile, piece: { sha256: string; size: number; start: number }): Promise<number> {
    for (let at = piece.start; ;) {
      const { offset, hasMore } = await this.bus.call(pushedLogContracts.append, { ...file, offset: at, piece });
      if (!hasMore) return offset;
      if (offset === at) throw new DomainError('UNAVAILABLE', 'The records cannot be stored at the moment.');
      at = offset;
    }
  }
}

function wrongOffset(offset: number): DomainError {
  return new DomainError('CONFLICT', `The file has ${offset} bytes here. Go on at that offset.`, { offset });
}

/** Yields what has arrived of a body, also if its client goes away: whole records of it are kept, as tus recommends. */
async function* untilCut({ raw }: FastifyRequest, body: Readable): AsyncGenerator<Uint8Array> {
  let received = false;
  try {
    for await (const chunk of body) {
      received = true;
      yield chunk as Buffer;
    }
  } catch (error) {
    if (!received || raw.complete || DomainError.is(error)) throw error;
  }
}
