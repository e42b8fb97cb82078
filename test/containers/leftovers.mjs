// @ts-check
import assert from 'node:assert/strict';

/** The compose project of the test, and what the names of its networks and images begin with. */
export const PROJECT = 'pentaprism-test';

/** Stages of the build that the next run reuses. */
export const CACHED_STAGES = ['manifests', 'build'];

/**
 * Returns the name of an image that the test builds.
 * @param {string} target
 */
export function imageOf(target) {
  return `localhost/${PROJECT}_${target}`;
}

/**
 * Removes what the checks made. The storage belongs to the test, so every container, pod, secret and volume in it does.
 * The configuration of networks belongs to the whole machine, so they are removed by name. Images that the next run needs
 * stay: those of the servers and of Node.js, and the stages of the build.
 * @param {import('./engine.mjs').Engine} engine
 */
export function removeEverything(engine) {
  engine.must(['pod', 'rm', '--all', '--force', '--time', '0']);
  engine.must(['rm', '--all', '--force', '--volumes', '--time', '0']);
  // Those of a build that was interrupted are not among "all".
  for (const container of containersOf(engine, '{{.ID}}')) engine.must(['rm', '--force', container]);
  engine.must(['volume', 'prune', '--force']);
  for (const secret of lines(engine, ['secret', 'ls', '--format', '{{.ID}}'])) engine.must(['secret', 'rm', secret]);
  for (const network of networksOf(engine)) if (network.startsWith(PROJECT)) engine.must(['network', 'rm', network]);
  const built = imagesOf(engine).filter((name) => name.includes('pentaprism') && !isCached(name));
  if (built.length > 0) engine.must(['rmi', '--force', ...built]);
  // What older sources were built to.
  engine.must(['image', 'prune', '--force']);
}

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {readonly string[]} networks those that were there before
 */
export function assertNothingLeft(engine, networks) {
  const left = {
    containers: containersOf(engine, '{{.Names}}'),
    pods: lines(engine, ['pod', 'ls', '--format', '{{.Name}}']),
    volumes: lines(engine, ['volume', 'ls', '--format', '{{.Name}}']),
    secrets: lines(engine, ['secret', 'ls', '--format', '{{.Name}}']),
    networks: networksOf(engine).filter((name) => !networks.includes(name)),
    images: imagesOf(engine).filter((name) => name.includes('pentaprism') && !isCached(name)),
    dangling: lines(engine, ['images', '--filter', 'dangling=true', '--quiet']),
  };
  assert.deepEqual(left, {
    containers: [],
    pods: [],
    volumes: [],
    secrets: [],
    networks: [],
    images: [],
    dangling: [],
  });
}

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} format
 */
function containersOf(engine, format) {
  return lines(engine, ['ps', '--all', '--external', '--format', format]);
}

/** @param {import('./engine.mjs').Engine} engine */
export function networksOf(engine) {
  return lines(engine, ['network', 'ls', '--format', '{{.Name}}']);
}

/** @param {import('./engine.mjs').Engine} engine */
function imagesOf(engine) {
  const names = lines(engine, ['images', '--format', '{{.Repository}}:{{.Tag}}']);
  return names.filter((name) => !name.includes('<none>'));
}

/** @param {string} name with its tag */
function isCached(name) {
  return CACHED_STAGES.some((stage) => name === `${imageOf(stage)}:latest`);
}

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {readonly string[]} args
 */
function lines(engine, args) {
  return engine.must(args).split('\n').filter(Boolean);
}
