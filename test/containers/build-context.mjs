// @ts-check
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DIRECTORY, REPOSITORY } from './engine.mjs';

const ALLOWED = [
  'package.json',
  'package-lock.json',
  'apps/one/package.json',
  'apps/one/src/main.ts',
  'libs/dialects/two/src/deep/index.ts',
  'deploy/docker/heartbeat.sh',
];
const FORBIDDEN = [
  '.env',
  '.npmrc',
  'backup.tgz',
  'restored/signing-secret',
  'apps/one/.env',
  'apps/one/src/.env',
  'apps/one/src/main.spec.ts',
  'apps/one/dist/main.js',
  'node_modules/three/index.ts',
];

/**
 * Builds an image of a whole context and compares its files with what `.dockerignore` allows: the engine has an
 * implementation of its own.
 * @param {import('./engine.mjs').Engine} engine
 */
export function checkContext(engine) {
  const context = path.join(DIRECTORY, 'context');
  rmSync(context, { recursive: true, force: true });
  for (const file of [...ALLOWED, ...FORBIDDEN]) {
    mkdirSync(path.dirname(path.join(context, file)), { recursive: true });
    writeFileSync(path.join(context, file), 'content');
  }
  copyFileSync(path.join(REPOSITORY, '.dockerignore'), path.join(context, '.dockerignore'));
  const file = path.join(DIRECTORY, 'context.Dockerfile');
  writeFileSync(file, 'FROM scratch\nCOPY . /\nCMD ["none"]\n');
  const tag = 'localhost/pentaprism-test_context';
  engine.build(tag, { file, context });
  const container = engine.must(['create', tag]);
  const list = path.join(DIRECTORY, 'context.tar');
  engine.must(['export', '--output', list, container]);
  engine.must(['rm', container]);
  engine.must(['rmi', tag]);
  const files = engine.list(list).filter((name) => !name.endsWith('/'));
  assert.deepEqual(files.sort(), [...ALLOWED].sort());
  rmSync(context, { recursive: true });
  for (const each of [file, list]) rmSync(each);
}
