import { create as contentDisposition } from 'content-disposition';
import type { StoredContent } from './contents.js';

/** Extensions of media types. The first one is added to a name that has none of them. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['jpg', 'jpeg', 'jpe', 'jfif'],
  'image/png': ['png'],
  'image/webp': ['webp'],
  'image/gif': ['gif'],
  'image/avif': ['avif'],
  'image/heic': ['heic', 'heif'],
  'image/tiff': ['tif', 'tiff'],
  'image/bmp': ['bmp', 'dib'],
  'image/x-portable-pixmap': ['ppm', 'pnm'],
  'image/x-portable-graymap': ['pgm', 'pnm'],
  'text/csv': ['csv'],
  'text/plain': ['txt'],
};

/** Control and formatting characters, which can hide an extension or reverse the order of a name, and lone surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
/** Characters of a name at most: file systems do not accept many more. */
const MAX_NAME_LENGTH = 200;

/**
 * Returns the `Content-Disposition` of a file. Anything other than a known image is saved and never shown. The name is what an
 * uploader wrote, so it is cleaned: neither an image nor a text is ever saved under the extension of a program.
 */
export function dispositionOf(mediaType: string, fileName?: string): string {
  const [essence = ''] = mediaType.split(';', 1);
  const type = essence.startsWith('image/') ? 'inline' : 'attachment';
  const name = fileName === undefined ? '' : safeName(fileName, EXTENSIONS[essence] ?? []);
  return name ? contentDisposition(name, { type }) : type;
}

/** @param extensions the extensions that the name may have; an empty list allows any */
function safeName(fileName: string, extensions: readonly string[]): string {
  // A name may contain a path, which is dropped. Windows drops dots and blanks at the end, which would reveal another extension.
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

/** Names of files without a name. Exports of models are the only archives that are served. */
const NAMES: Partial<Record<StoredContent['area'], string>> = { models: 'model.zip' };

export const nameInArea = (area: StoredContent['area']): string | undefined => NAMES[area];
