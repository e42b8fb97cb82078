import dockerignore from '@balena/dockerignore';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './tools.js';

/** Directories that are too large to walk. `entersContext` is tested with files of each of them. */
const NOT_WALKED = new Set(['node_modules', '.git', '.nx', '.pentaprism']);

const rules = dockerignore
  .default({ ignorecase: false })
  .add(readFileSync(path.join(REPOSITORY, '.dockerignore'), 'utf8'));

/** Returns whether a container engine sends this file of the repository to the build of an image. */
export function entersContext(file: string): boolean {
  return !rules.ignores(file);
}

/** Returns the files on disk that enter the build of an image, whether git knows them or not. */
export function contextFiles(): string[] {
  return filesBelow('').filter(entersContext);
}

function filesBelow(directory: string): string[] {
  return readdirSync(path.join(REPOSITORY, directory), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(directory, entry.name);
    if (!entry.isDirectory()) return file;
    return NOT_WALKED.has(entry.name) ? [] : filesBelow(file);
  });
}
