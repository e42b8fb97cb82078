import { isUtf8 } from 'node:buffer';
import { type Entry, getFileNameLowLevel } from 'yauzl';
import { count, quoted, refusal } from './refusal.js';

const UTF8_FLAG = 0x800;

/**
 * Decodes the name of an entry. Names without the flag for UTF-8 are decoded as UTF-8 nevertheless if they are valid,
 * because many programs do not set it, and as code page 437 otherwise.
 */
export function decodeEntryName({ fileNameRaw, generalPurposeBitFlag, extraFields }: Entry): string {
  const flags = isUtf8(fileNameRaw) ? generalPurposeBitFlag | UTF8_FLAG : generalPurposeBitFlag & ~UTF8_FLAG;
  return getFileNameLowLevel(flags, fileNameRaw, extraFields, true);
}

/**
 * Returns the name with `/` between its parts, and without empty parts and `.`.
 * Throws INVALID_ARGUMENT for a name that leads out of the archive.
 */
export function safeEntryName(name: string, maxLength: number): string {
  if (name.length > maxLength) {
    throw refusal(
      `The name ${quoted(name)} in the archive has ${count(name.length)} characters; at most ${count(maxLength)} are allowed. Shorten it.`,
    );
  }
  const path = name.replaceAll('\\', '/');
  const problem = problemOf(path);
  if (problem !== null) {
    throw refusal(`The name ${quoted(name)} in the archive ${problem}. Pack the files with relative names.`);
  }
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function problemOf(path: string): string | null {
  if (path.includes('\0')) return 'contains a NUL character';
  if (path.startsWith('/')) return 'is absolute';
  if (/^[A-Za-z]:/.test(path)) return 'names a drive';
  return path.split('/').includes('..') ? 'leads out of its folder with ".."' : null;
}

const SYSTEM_FILES = new Set(['__macosx', 'thumbs.db', 'ehthumbs.db', 'desktop.ini']);

/** Returns whether an operating system made the file and hides it: `__MACOSX/`, `._a.jpg`, `.DS_Store`, `Thumbs.db`. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => part.startsWith('.') || SYSTEM_FILES.has(part.toLowerCase()));
}

const ARCHIVE_NAME = /\.(zip|tar|tgz|gz|tbz2?|bz2|txz|xz|zst|7z|rar)$/i;

/**
 * Returns whether a file is called like an archive. An archive in an archive is refused by its name, before any byte of
 * it is inflated. One with the name of an image becomes a row without an image.
 */
export function isArchiveName(path: string): boolean {
  return ARCHIVE_NAME.test(path);
}
