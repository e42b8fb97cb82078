// @ts-check
/**
 * Fails if a package.json of a workspace names a dependency that no file of the workspace imports. An unused one makes
 * the images of all apps that use the workspace larger. `.dependency-cruiser.mjs` has the rules for missing ones.
 */
import { cruise } from 'dependency-cruiser';
import path from 'node:path';
import configuration from '../../.dependency-cruiser.mjs';
import { readManifests, REPOSITORY } from './manifests.mjs';

/** Dependencies that a library loads at run time, by name. */
const LOADED_BY_LIBRARIES = new Set([
  '@fastify/static', // @nestjs/swagger serves the files of its page with it.
]);

process.chdir(REPOSITORY);
const manifests = readManifests();
const { output } = await cruise(['apps', 'libs', 'deploy', 'test'], configuration.options);
if (typeof output === 'string') throw new Error(output);

/** @type {Map<string, Set<string>>} */
const imported = new Map(manifests.map(({ directory }) => [directory, new Set()]));
for (const { source, dependencies } of output.modules) {
  const owner = manifests.find(({ directory }) => source.startsWith(`${directory}/`));
  if (!owner) continue;
  for (const { module } of dependencies) imported.get(owner.directory)?.add(packageOf(module));
}

const unused = manifests.flatMap(({ directory, dependencies, devDependencies }) =>
  [...dependencies, ...devDependencies]
    .filter((name) => !LOADED_BY_LIBRARIES.has(name))
    .filter((name) => !imported.get(directory)?.has(name.replace(/^@types\//, '')))
    .map((name) => `${path.join(directory, 'package.json')}: no file of this package imports ${name}. Remove it.`),
);
for (const line of unused) console.error(line);
if (unused.length > 0) process.exit(1);
console.log(`Every dependency of ${manifests.length} packages is imported.`);

/** @param {string} specifier */
function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
