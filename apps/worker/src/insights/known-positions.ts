import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { embeddingLine, imageInsightContracts, INSIGHTS_AREA } from '@pentaprism/contracts';
import { DomainError, MAX_INSIGHT_FILE_BYTES } from '@pentaprism/domain';
import { PROJECTION_VERSION } from '@pentaprism/projection';
import { BLOB_STORE } from '@pentaprism/service';
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

/** Lines that are parsed in one turn of the event loop: some milliseconds. */
const LINES_PER_TURN = 2_000;

const position = embeddingLine.pick({ x: true, y: true });

/** All that positions depend on. */
export interface PositionsKey {
  readonly backbone: string;
  readonly seed: string;
  /** The hashes of the images, in the order of their vectors. */
  readonly contents: readonly string[];
}

/** Returns a name for positions. Equal names mean equal positions. */
export function keyOfPositions({ backbone, seed, contents }: PositionsKey): string {
  const hash = createHash('sha256').update(JSON.stringify([PROJECTION_VERSION, backbone, seed]));
  for (const sha256 of contents) hash.update(sha256);
  return hash.digest('hex');
}

/**
 * Finds positions that were computed for another model. They do not depend on the model: those of the same images are in the
 * file of any insight about them, in any project of the workspace.
 */
@Injectable()
export class KnownPositions {
  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
  ) {}

  /** Returns pairs of numbers in the order of the images; undefined if they must be computed. */
  async find(workspace: string, key: string, images: number, signal: AbortSignal): Promise<Float64Array | undefined> {
    const { file } = await this.bus.call(imageInsightContracts.positions, { key });
    if (!file) return undefined;
    try {
      const { sha256, size } = file;
      const options = { size, maxBytes: MAX_INSIGHT_FILE_BYTES };
      const bytes = await this.blobs.read({ area: INSIGHTS_AREA, workspace, sha256 }, options);
      return await positionsOf(bytes, images, signal);
    } catch (error) {
      // The other project was deleted a moment ago, or its file is damaged, which the blob store has reported.
      if (DomainError.is(error, 'NOT_FOUND') || DomainError.is(error, 'DATA_LOSS')) return undefined;
      throw error;
    }
  }
}

/** Reads the positions of a file. Returns undefined for a file of another number of images. */
async function positionsOf(bytes: Buffer, images: number, signal: AbortSignal): Promise<Float64Array | undefined> {
  const positions = new Float64Array(2 * images);
  // The first line is the header.
  let start = bytes.indexOf('\n') + 1;
  for (let i = 0; i < images; i++) {
    if (i % LINES_PER_TURN === 0) await setImmediate(undefined, { signal });
    const end = bytes.indexOf('\n', start);
    if (end < 0) return undefined;
    const { x, y } = position.parse(JSON.parse(bytes.toString('utf8', start, end)));
    positions.set([x, y], 2 * i);
    start = end + 1;
  }
  return start === bytes.length ? positions : undefined;
}
