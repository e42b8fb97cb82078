import { existsSync } from 'node:fs';
import path from 'node:path';

/** The directory of the repository, from the sources and from what is compiled. */
export const REPOSITORY = ancestorWith(import.meta.dirname, 'package-lock.json');

/** The absolute path of a file of the repository. */
export function fromRepository(file: string): string {
  return path.join(REPOSITORY, file);
}

function ancestorWith(directory: string, file: string): string {
  if (existsSync(path.join(directory, file))) return directory;
  const parent = path.dirname(directory);
  if (parent === directory) throw new Error(`no directory above holds ${file}`);
  return ancestorWith(parent, file);
}
