import { UNKNOWN_MEDIA_TYPE } from '@pentaprism/domain';
import type { StoredContent } from '@pentaprism/http';
import { create as contentDisposition } from 'content-disposition';

/** The extensions of the types that are shown; the first one is added where a name has none of them. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['jpg', 'jpeg', 'jpe', 'jfif'],
  'image/png': ['png'],
  'image/webp': ['webp'],
  'image/gif': ['gif'],
  'image/avif': ['avif'],
  'image/heic': ['heic', 'heif'],
  'image/tiff': ['tif', 'tiff'],
  'image/bmp': ['bmp', 'dib'],
};

/** Control and formatting characters, which can hide an extension or turn the order of a name around, and lone surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
/** Characters of a name, more than which file systems do not take. */
const MAX_NAME_LENGTH = 200;

/**
 * The `Content-Disposition` of a file: what is no known image is saved and never shown. The name is cleaned, since it is
 * whatever an uploader wrote: an image is never saved under the extension of a program.
 */
export function dispositionOf(mediaType: string, fileName?: string): string {
  const type = mediaType === UNKNOWN_MEDIA_TYPE ? 'attachment' : 'inline';
  const name = fileName === undefined ? '' : safeName(fileName, EXTENSIONS[mediaType] ?? []);
  return name ? contentDisposition(name, { type }) : type;
}

/** @param extensions that the name may have; an empty list allows any */
function safeName(fileName: string, extensions: readonly string[]): string {
  // A name may hold a path, under which no file should be saved. Windows drops dots and blanks at the end, and what hides behind.
  const last = fileName.replace(INVISIBLE, '').split(/[/\\]/).at(-1) ?? '';
  const name = [...last]
    .slice(0, MAX_NAME_LENGTH)
    .join('')
    .replace(/[.\s]+$/, '');
  const [first] = extensions;
  if (name === '' || first === undefined) return name;
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase();
  return extension !== undefined && extensions.includes(extension) ? name : `${name}.${first}`;
}

/** Names of files that have none of their own. Exports of models are the only archives that are served. */
const NAMES: Partial<Record<StoredContent['area'], string>> = { models: 'model.zip' };

export const nameInArea = (area: StoredContent['area']): string | undefined => NAMES[area];
