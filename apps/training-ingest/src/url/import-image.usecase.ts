import { Inject, Injectable } from '@nestjs/common';
import { HEAD_BYTES, type BlobStore } from '@pentaprism/blob-store';
import type { ContentReference } from '@pentaprism/contracts';
import { sniffMediaType } from '@pentaprism/domain';
import { BLOB_STORE } from '@pentaprism/service';
import { UrlImages } from './url-images.js';

export interface ImportOptions {
  readonly maxBytes: number;
  /** Where they are put in the blob store. */
  readonly area?: 'originals' | 'predictions' | 'datasets';
  /** Milliseconds for everything, instead of those of `URL_LIMITS`. */
  readonly wholeMs?: number;
  /** Ends it as if the bytes could not be had. */
  readonly signal?: AbortSignal;
}

/** Fetches the bytes of an image from where a client says they are, into the blob store. */
@Injectable()
export class ImportImage {
  constructor(
    private readonly urls: UrlImages,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
  ) {}

  /**
   * @throws DomainError UPSTREAM_FAILED when they cannot be had from there, for whatever reason; PAYLOAD_TOO_LARGE;
   *   INVALID_ARGUMENT when there are none; STORAGE_FULL
   */
  async execute(
    workspace: string,
    url: string,
    { maxBytes, area = 'originals', wholeMs, signal }: ImportOptions,
  ): Promise<ContentReference> {
    const options = { workspace, maxBytes, ...(wholeMs ? { wholeMs } : {}), ...(signal ? { signal } : {}) };
    return this.urls.read(url, options, async (bytes) => {
      const { sha256, size, head } = await this.blobs.put(area, workspace, bytes, {
        maxBytes,
        allowEmpty: false,
      });
      return { sha256, size, mediaType: sniffMediaType(head.subarray(0, HEAD_BYTES)) };
    });
  }
}
