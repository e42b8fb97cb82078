import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { contextFiles, entersContext } from './support/build-context.js';
import { exists, REPOSITORY } from './support/tools.js';

/**
 * Everything that the build of an image may read. It is narrower than `.dockerignore`, whose patterns cannot tell a file
 * without an extension from a directory.
 */
const ALLOWED = [
  /^(package|package-lock|tsconfig\.base)\.json$/,
  /^LICENSE$/,
  /^(apps|libs|libs\/dialects|deploy)\/[a-z-]+\/(package|tsconfig)\.json$/,
  /^(apps|libs|libs\/dialects|deploy)\/[a-z-]+\/src\/([a-z0-9-]+\/)*[a-z0-9-]+(\.[a-z0-9-]+)*\.ts$/,
  /^libs\/inference\/models\/(efficientnet-lite0\.onnx|imagenet-classes\.(json|LICENSE))$/,
  /^deploy\/docker\/(assemble|heartbeat)\.sh$/,
  /^test\/package\.json$/,
];
const REQUIRED = [
  'package-lock.json',
  'LICENSE',
  'apps/gateway/src/main.ts',
  'libs/dialects/filters/package.json',
  'libs/inference/models/efficientnet-lite0.onnx',
  'deploy/docker/heartbeat.sh',
];
/** Files that operators and developers make, where they make them. */
const SECRET_OR_LARGE = [
  '.env',
  '.env.production',
  '.npmrc',
  '.git/config',
  '.pentaprism/keys.json',
  '.nx/cache/terminalOutputs/1',
  'backup.tgz',
  'backup.tar.gz',
  'backup-2026/blobs/1',
  'restored/signing-secret',
  'dump/pentaprism/keys.bson',
  'id_rsa',
  'server.pem',
  'apps/.env',
  'apps/gateway/.env',
  'apps/gateway/src/.env',
  'apps/gateway/src/.env.ts',
  'apps/gateway/src/keys.js',
  'apps/gateway/src/server.certs',
  'apps/gateway/src/main.d.ts.map',
  'apps/gateway/src/server.pem',
  'apps/gateway/dist/main.js',
  'apps/gateway/node_modules/one/index.ts',
  'libs/domain/node_modules/one/package.json',
  'libs/domain/src/notes.json',
  'libs/domain/src/index.spec.ts',
  'libs/inference/models/customer.onnx',
  'libs/inference/models/.env',
  'node_modules/one/src/index.ts',
  'deploy/docker/.env',
  'deploy/docker/nats.conf',
  'deploy/local/src/.env',
  'deploy/local/bootstrap.mjs',
  'deploy/k8s/overlays/mine/secret.yaml',
  'docker-compose.override.yml',
  'test/clients/recording.json',
];

describe('the build context of the images', () => {
  it('holds the sources and manifests of the apps, and no other file of this directory', () => {
    const files = contextFiles();
    expect(files.filter((file) => !ALLOWED.some((shape) => shape.test(file)))).toEqual([]);
    expect(REQUIRED.filter((file) => !files.includes(file))).toEqual([]);
  });

  it.each(SECRET_OR_LARGE)('does not hold %s', (file) => {
    expect(entersContext(file)).toBe(false);
  });

  it.each(['.env', '.env.production', 'backup.tgz', 'backup/blobs/1', 'restored/signing-secret', 'dump/keys.bson'])(
    'is made from a repository whose ignore file names %s',
    (file) => {
      expect(exists('.gitignore')).toBe(true);
      // 1 means that git would add the file.
      expect(spawnSync('git', ['check-ignore', '--quiet', file], { cwd: REPOSITORY }).status).toBe(0);
    },
  );
});
