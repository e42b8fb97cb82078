// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const REPOSITORY = path.resolve(import.meta.dirname, '../..');
/** Images, layers and volumes of this test alone: those of the user stay as they are. */
export const DIRECTORY = path.join(REPOSITORY, '.nx/containers');
const STORAGE = path.join(DIRECTORY, 'storage.conf');
/** Where distributions put commands that only Podman uses. */
const HELPERS = ['/usr/libexec/podman', '/usr/lib/podman'];
/** Limits that need no right to raise limits. */
export const ULIMITS = ['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096'];
/** A build uses the network of the host, because a registry may be reached from there only. */
const BUILD_OPTIONS = [...ULIMITS.slice(0, 2), '--network', 'host', '--layers', '--pull=never'];
/** Milliseconds that one command of the engine may take. The slowest one builds all images. */
const COMMAND_LIMIT_MS = 15 * 60_000;

/** A failure that is reported in one sentence, because the test cannot run here at all. */
export class CannotRun extends Error {}

/**
 * Throws `CannotRun` if a command is missing.
 * @param {Record<string, string>} commands what each command is for
 */
export function requireCommands(commands) {
  const isMissing = (/** @type {string} */ name) =>
    spawnSync('which', [name]).status !== 0 && !HELPERS.some((directory) => existsSync(path.join(directory, name)));
  const missing = Object.entries(commands).filter(([name]) => isMissing(name));
  if (missing.length === 0) return;
  const list = missing.map(([name, purpose]) => `${name} (${purpose})`).join(', ');
  throw new CannotRun(`Install ${list} and run the command again.`);
}

/** Podman with storage of its own, and a compose project in it. */
export class Engine {
  /** @type {NodeJS.ProcessEnv} */
  #env;
  /** Packages that the user's npm has fetched are not fetched again by the build. */
  #npmCache = /** @type {string[]} */ ([]);

  constructor() {
    mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
    const storage = ['driver = "overlay"', `graphroot = "${DIRECTORY}/storage"`, `runroot = "${DIRECTORY}/run"`];
    writeFileSync(STORAGE, ['[storage]', ...storage, ''].join('\n'));
    this.#env = { ...process.env, CONTAINERS_STORAGE_CONF: STORAGE, BUILDAH_FORMAT: 'docker' };
    const cache = this.#spawn('npm', ['config', 'get', 'cache']).stdout.trim();
    if (existsSync(cache) && process.getuid?.() === 0) this.#npmCache = ['--volume', `${cache}:/root/.npm`];
    const version = this.run(['info', '--format', '{{.Host.CgroupsVersion}}']);
    if (version.output.trim() === 'v1') this.#env.CONTAINERS_CONF = path.join(import.meta.dirname, 'containers.conf');
  }

  /**
   * Runs podman.
   * @param {readonly string[]} args
   * @param {{ input?: string }} [options]
   */
  run(args, options) {
    return this.#spawn('podman', args, options);
  }

  /**
   * Runs podman and returns its output. Throws if it fails.
   * @param {readonly string[]} args
   * @param {{ input?: string }} [options]
   */
  must(args, options) {
    const { status, output } = this.run(args, options);
    if (status !== 0) throw new Error(`podman ${args.join(' ')} ended with ${status}: ${output.slice(-2000)}`);
    return output.trim();
  }

  /**
   * Builds an image.
   * @param {string} tag
   * @param {{ file: string, context: string, target?: string }} options
   */
  build(tag, { file, context, target }) {
    const stage = target === undefined ? [] : [...this.#npmCache, '--target', target];
    this.must(['build', ...BUILD_OPTIONS, ...stage, '-t', tag, '-f', file, context]);
  }

  /**
   * Runs podman-compose. Throws if it fails.
   * @param {string} project
   * @param {readonly string[]} args
   * @param {NodeJS.ProcessEnv} env
   */
  compose(project, args, env) {
    const build = [...BUILD_OPTIONS, ...this.#npmCache];
    const options = [
      ...['-p', project, '--parallel', '1'],
      `--podman-run-args=${ULIMITS.join(' ')}`,
      `--podman-build-args=${build.join(' ')}`,
    ];
    const { status, output } = this.#spawn('podman-compose', [...options, ...args], {}, env);
    if (status !== 0) throw new Error(`podman-compose ${args.join(' ')} ended with ${status}: ${output.slice(-2000)}`);
    return output;
  }

  /**
   * Returns the names in an archive.
   * @param {string} archive
   */
  list(archive) {
    return this.#spawn('tar', ['-tf', archive]).stdout.trim().split('\n');
  }

  /**
   * @param {string} command
   * @param {readonly string[]} args
   * @param {{ input?: string }} [options]
   * @param {NodeJS.ProcessEnv} [env]
   */
  #spawn(command, args, { input = '' } = {}, env = {}) {
    const { status, error, stdout, stderr } = spawnSync(command, args, {
      cwd: REPOSITORY,
      env: { ...this.#env, ...env },
      input,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      timeout: COMMAND_LIMIT_MS,
    });
    if (error) throw error;
    return { status, output: stdout + stderr, stdout };
  }
}
