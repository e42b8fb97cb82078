import type { BlobStore } from '@pentaprism/blob-store';
import type { analyseContent, JobResult } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { MAX_BYTES, type DerivedPicture, type ImageAnalysis } from '@pentaprism/imaging';

type Analysed = JobResult<typeof analyseContent>;
type Decoded = Extract<Analysed, { state: 'decoded' }>;
type Undecodable = Extract<Analysed, { state: 'undecodable' }>;

/** Keeps the pictures that an analysis made, whose places then stand for their bytes. */
export async function storeAnalysis(blobs: BlobStore, workspace: string, found: ImageAnalysis): Promise<Decoded> {
  const { thumbnail, resized, ...analysis } = found;
  const store = async ({ bytes, ...picture }: DerivedPicture) => {
    const { sha256, size } = await blobs.put('thumbnails', workspace, bytes, { maxBytes: MAX_BYTES });
    return { ...picture, sha256, size };
  };
  return {
    state: 'decoded',
    ...analysis,
    thumbnail: await store(thumbnail),
    resized: resized && (await store(resized)),
  };
}

/** Bytes that are no picture are a result, too: looking at them again would find the same. */
export async function orUndecodable<T>(result: Promise<T>): Promise<T | Undecodable> {
  try {
    return await result;
  } catch (error) {
    if (!DomainError.is(error, 'UNDECODABLE_IMAGE')) throw error;
    const { reason: code } = error.details;
    return { state: 'undecodable', reason: error.message, ...(typeof code === 'string' ? { code } : {}) };
  }
}
