import type { ContentReference } from '@pentaprism/contracts';
import { UNKNOWN_MEDIA_TYPE } from '@pentaprism/domain';

const CONTENT_ID = /^([0-9a-f]{64})-(0|[1-9]\d{0,14})-([a-z]{1,10})$/;

/**
 * All that is needed to send bytes, as the id of a signed URL: `{sha256}-{size}-{subtype of image/*, or bin}`. Nothing is
 * looked up, since the signature says that it is true.
 */
export function toContentId({ sha256, size, mediaType }: ContentReference): string {
  const [, subtype = 'bin'] = /^image\/([a-z]{1,10})$/.exec(mediaType) ?? [];
  return `${sha256}-${size}-${subtype}`;
}

/** @returns undefined for what is no such id, but that of an image */
export function fromContentId(id: string): ContentReference | undefined {
  const [, sha256, size, subtype] = CONTENT_ID.exec(id) ?? [];
  if (sha256 === undefined) return undefined;
  return { sha256, size: Number(size), mediaType: subtype === 'bin' ? UNKNOWN_MEDIA_TYPE : `image/${subtype}` };
}
