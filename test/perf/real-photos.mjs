import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A folder per class, with photos in it. Not part of the repository, as the specs that use it. */
const FOLDER = path.resolve(process.env.PHOTOS ?? '../shared/data/photos');

/**
 * Reads the photos.
 *
 * @returns {{ name: string, label: string, bytes: Buffer }[]} in the order of their classes and names; none if the folder
 * does not exist
 */
export function realPhotos() {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .sort()
    .flatMap((label) =>
      readdirSync(path.join(FOLDER, label))
        .sort()
        .map((file) => ({
          name: path.parse(file).name,
          label,
          bytes: readFileSync(path.join(FOLDER, label, file)),
        })),
    );
}

/** Returns a row that says why a measurement on photos is missing. @param {string} name */
export function withoutPhotos(name) {
  return { name, figure: 'skipped', comparedWith: `there are no photos in ${FOLDER} (PHOTOS names another folder)` };
}
