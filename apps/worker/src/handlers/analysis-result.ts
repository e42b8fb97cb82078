import type { BlobStore } from '@pentaprism/blob-store';
import type { analyseContent, JobResult } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { MAX_BYTES, type DerivedPicture, type ImageAnalysis } from '@pentaprism/imaging';
import type { SharedPool } from '../shared-pool.js';
import { imageSource } from './image-source.js';

type Analysed = JobResult<typeof analyseContent>;
type Decoded = Extract<Analysed, { state: 'decoded' }>;
type Undecodable = Extract<Analysed, { state: 'undecodable' }>;

/** Decodes, measures and hashes the bytes of a content, and stores its thumbnails. Throws UNDECODABLE_IMAGE; DATA_LOSS. */
export async function analyseStored(
  { blobs, pool }: { readonly blobs: BlobStore; readonly pool: SharedPool },
  { workspace, sha256 }: { readonly workspace: string; readonly sha256: string },
  signal: AbortSignal,
): Promise<Decoded> {
  const source = await imageSource(blobs, { area: 'originals', workspace, sha256 });
  return storeAnalysis(blobs, workspace, await pool.use(workspace, (decoders) => decoders.analyse(source), signal));
}

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
