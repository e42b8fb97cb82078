// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/**
 * A package of this repository and the dependencies that its package.json names.
 * @typedef {{ directory: string, name: string, dependencies: string[], devDependencies: string[] }} Manifest
 */

/**
 * Returns the manifests of all workspaces.
 * @returns {Manifest[]}
 */
export function readManifests() {
  /** @type {{ workspaces: string[] }} */
  const { workspaces } = readJson('package.json');
  return workspaces
    .flatMap((pattern) => (pattern.endsWith('/*') ? directoriesIn(pattern.slice(0, -2)) : [pattern]))
    .filter((directory) => existsSync(path.join(REPOSITORY, directory, 'package.json')))
    .map((directory) => {
      const { name, dependencies = {}, devDependencies = {} } = readJson(`${directory}/package.json`);
      return {
        directory,
        name,
        dependencies: Object.keys(dependencies),
        devDependencies: Object.keys(devDependencies),
      };
    });
}

/** @param {string} parent */
function directoriesIn(parent) {
  return readdirSync(path.join(REPOSITORY, parent)).map((name) => `${parent}/${name}`);
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(path.join(REPOSITORY, file), 'utf8'));
}
