import type { BlobStore } from '@pentaprism/blob-store';
import type { analyseContent, JobResult } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { MAX_BYTES, type ImageAnalysis } from '@pentaprism/imaging';

type Analysed = JobResult<typeof analyseContent>;
type Decoded = Extract<Analysed, { state: 'decoded' }>;
type Undecodable = Extract<Analysed, { state: 'undecodable' }>;

/** Keeps the thumbnail of an analysis, whose place then stands for its bytes. */
export async function storeAnalysis(blobs: BlobStore, workspace: string, found: ImageAnalysis): Promise<Decoded> {
  const { thumbnail, ...analysis } = found;
  const { bytes, ...size } = thumbnail;
  const stored = await blobs.put('thumbnails', workspace, bytes, { maxBytes: MAX_BYTES });
  return { state: 'decoded', ...analysis, thumbnail: { ...size, sha256: stored.sha256, size: stored.size } };
}

/** Bytes that are no picture are a result, too: looking at them again would find the same. */
export async function orUndecodable<T>(result: Promise<T>): Promise<T | Undecodable> {
  try {
    return await result;
  } catch (error) {
    if (DomainError.is(error, 'UNDECODABLE_IMAGE')) return { state: 'undecodable', reason: error.message };
    throw error;
  }
}
