import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import {
  INSIGHTS_AREA,
  type ActivationMapLine,
  type ContentReference,
  type EmbeddingLine,
  type InsightHeader,
} from '@pentaprism/contracts';
import { MAX_INSIGHT_FILE_BYTES } from '@pentaprism/domain';
import { BLOB_STORE } from '@pentaprism/service';

/** Lines that are written together: one at a time would take ten times as long. */
const LINES_PER_CHUNK = 500;

/** Writes the files of insights. */
@Injectable()
export class InsightFiles {
  constructor(@Inject(BLOB_STORE) private readonly blobs: BlobStore) {}

  async write(
    workspace: string,
    header: InsightHeader,
    lines: readonly (EmbeddingLine | ActivationMapLine)[],
    signal: AbortSignal,
  ): Promise<ContentReference> {
    const options = { maxBytes: MAX_INSIGHT_FILE_BYTES, signal };
    const { sha256, size } = await this.blobs.put(INSIGHTS_AREA, workspace, chunksOf(header, lines), options);
    return { sha256, size, mediaType: 'application/x-ndjson' };
  }
}

async function* chunksOf(header: InsightHeader, lines: readonly unknown[]): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(`${JSON.stringify(header)}\n`);
  for (let i = 0; i < lines.length; i += LINES_PER_CHUNK)
    yield Buffer.from(
      lines
        .slice(i, i + LINES_PER_CHUNK)
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(''),
    );
}
