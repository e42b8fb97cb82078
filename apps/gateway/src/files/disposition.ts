import { UNKNOWN_MEDIA_TYPE } from '@pentaprism/domain';
import { create as contentDisposition } from 'content-disposition';

/** The `Content-Disposition` of a file: what is no known image is saved and never shown. */
export function dispositionOf(mediaType: string, fileName?: string): string {
  const type = mediaType === UNKNOWN_MEDIA_TYPE ? 'attachment' : 'inline';
  // A name may hold a path: nobody is to save under one.
  const name = fileName?.split(/[/\\]/).at(-1);
  return name ? contentDisposition(name, { type }) : type;
}
