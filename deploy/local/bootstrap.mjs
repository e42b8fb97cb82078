// @ts-check
/**
 * The way in on a fresh clone: `npm start`, `npm test`, `npm run check`, `npm run bench` and `npm run drill` come
 * here before there are packages and before anything is built. So it uses Node.js alone, and syntax that old releases
 * can read, in order to tell them that they are too old.
 */
import { spawn } from 'child_process';
import { createHash } from 'crypto';
import fs from 'fs';
import path from 'path';
import { fileURLToPath, pathToFileURL } from 'url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const STAMP = path.join(ROOT, 'node_modules/.pentaprism-install');
const LOG = path.resolve(process.env.PENTAPRISM_DATA || path.join(ROOT, '.pentaprism'), 'logs/install.log');
const OLDEST_NODE = [20, 19];
/** Shorter waits show no clock. */
const SHOW_CLOCK_AFTER_MS = 1000;
const FULL = 'The disk of ' + ROOT + ' is full: free about 1 GB, and run the command again.';

/** A failure that is told in one sentence. */
class Failure extends Error {
  /**
   * @param {string} message
   * @param {number} [code] exit code
   */
  constructor(message, code) {
    super(message);
    this.code = code || 1;
  }
}

function checkNode() {
  const numbers = process.versions.node.split('.').map(Number);
  const [major, minor] = [numbers[0] || 0, numbers[1] || 0];
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new Failure(
    'Pentaprism needs Node.js ' +
      OLDEST_NODE.join('.') +
      ' or later, and this is ' +
      process.versions.node +
      ': install a current release and run the command again.',
  );
}

/**
 * Runs a child to its end. Signals that reach this process alone are passed on; Ctrl-C in a terminal reaches both.
 * @param {string} command
 * @param {string[]} args
 * @param {import('child_process').SpawnOptions} [options]
 * @param {(chunk: Buffer) => void} [onOutput] hears what the child writes into pipes
 * @returns {Promise<number>} exit code, 128 and the signal's number for a child that was killed
 */
function run(command, args, options, onOutput) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, Object.assign({ cwd: ROOT, stdio: 'inherit' }, options));
    for (const stream of [child.stdout, child.stderr]) if (stream && onOutput) stream.on('data', onOutput);
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const handlers = signals.map((signal) => {
      const handler = () => {
        child.kill(signal);
      };
      process.on(signal, handler);
      return () => process.removeListener(signal, handler);
    });
    const finish = () => handlers.forEach((remove) => remove());
    child.once('error', (error) => {
      finish();
      reject(error);
    });
    child.once('close', (code, signal) => {
      finish();
      /** @type {Record<string, number>} */
      const numbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
      resolve(code === null ? 128 + (numbers[signal || ''] || 0) : code);
    });
  });
}

/**
 * Shows what is being done, with a clock on terminals, and how long it took.
 * @template Result
 * @param {string} what
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
async function withProgress(what, work) {
  const startedAt = Date.now();
  const seconds = () => ((Date.now() - startedAt) / 1000).toFixed(0) + ' s';
  const terminal = process.stdout.isTTY;
  let shown = !terminal;
  if (!terminal) console.log(what + ' ...');
  const timer = setInterval(() => {
    if (!terminal) return;
    shown = true;
    process.stdout.write('\r' + what + ' ... ' + seconds());
  }, SHOW_CLOCK_AFTER_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (shown) process.stdout.write((terminal ? '\r' : '') + what + ': ' + seconds() + (terminal ? '    \n' : '\n'));
  }
}

/** What an installation depends on. */
function fingerprint() {
  const lock = fs.readFileSync(path.join(ROOT, 'package-lock.json'));
  const platform = [process.versions.node.split('.')[0], process.platform, process.arch].join(' ');
  return createHash('sha256').update(lock).update(platform).digest('hex');
}

/**
 * Whether npm's own record of what lies in node_modules agrees with the lock file, as it does after an installation
 * by hand.
 */
function installedByHand() {
  try {
    /** @type {(file: string) => Record<string, { version?: string, integrity?: string, optional?: boolean, link?: boolean, resolved?: string }>} */
    const packages = (file) => JSON.parse(fs.readFileSync(path.join(ROOT, file), 'utf8')).packages;
    const wanted = packages('package-lock.json');
    const present = packages('node_modules/.package-lock.json');
    return Object.keys(wanted).every((name) => {
      if (!name.includes('node_modules/')) return true;
      const [want, have] = [wanted[name], present[name]];
      if (!have) return want.optional === true;
      return want.version === have.version && want.integrity === have.integrity && want.link === have.link;
    });
  } catch {
    return false;
  }
}

async function install() {
  const now = fingerprint();
  const stamp = fs.existsSync(STAMP) ? fs.readFileSync(STAMP, 'utf8').trim() : '';
  if (stamp === now) return;
  if (!stamp && installedByHand()) {
    fs.writeFileSync(STAMP, now + '\n');
    return;
  }
  fs.mkdirSync(path.dirname(path.dirname(LOG)), { recursive: true, mode: 0o700 });
  fs.mkdirSync(path.dirname(LOG), { recursive: true, mode: 0o700 });
  const log = fs.openSync(LOG, 'w');
  // The npm that runs this script, not another one that may be first on the PATH.
  const npm = process.env.npm_execpath;
  const [command, before] = npm && /npm-cli\.c?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []];
  const flags = ['ci', '--include=dev', '--no-audit', '--no-fund', '--fetch-retry-maxtimeout=20000'];
  const code = await withProgress('Installing packages (npm ci, about 700 MB on disk)', () =>
    run(command, before.concat(flags), { stdio: ['ignore', log, log] }).catch(() => 127),
  );
  fs.closeSync(log);
  if (code !== 0) throw new Failure(installSentence(code), code > 128 ? code : 1);
  fs.writeFileSync(STAMP, now + '\n');
}

/** @param {number} code */
function installSentence(code) {
  const details = ' (details in ' + LOG + ')';
  if (code === 127) return 'npm was not found: install it with Node.js, and run the command again.';
  if (code > 128) return 'The installation was interrupted; run the command again.';
  const output = fs.readFileSync(LOG, 'utf8');
  if (/ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|network/.test(output)) {
    return (
      'The packages could not be fetched' +
      details +
      ': connect this machine to the npm registry or set a mirror (npm config set registry URL), and run the command again.'
    );
  }
  if (/EUSAGE/.test(output)) {
    return (
      'package.json and package-lock.json contradict each other' +
      details +
      ': run npm install, and look at what changes.'
    );
  }
  if (/ENOSPC/.test(output)) return 'The disk is full' + details + ': free about 1 GB, and run the command again.';
  return (
    'Installing the packages failed with exit code ' +
    code +
    details +
    ': mend what the log says, and run the command again.'
  );
}

const TSC = ['node_modules/typescript/bin/tsc', '-b'];
/** What runs; the tests are more to compile than the product. */
const PRODUCT = fs
  .readdirSync(path.join(ROOT, 'apps'))
  .map((app) => 'apps/' + app)
  .concat('deploy/local');

/** @param {string[]} projects all of them if none is named */
async function build(projects) {
  /** @type {string[]} */
  const output = [];
  const code = await withProgress('Building', async () => {
    // Not into a file, which could not be written on a full disk.
    const onOutput = (/** @type {Buffer} */ chunk) => output.push(chunk.toString());
    return run(process.execPath, TSC.concat(projects), { stdio: ['ignore', 'pipe', 'pipe'] }, onOutput);
  });
  if (code === 0) return;
  if (code > 128) throw new Failure('The build was interrupted; run the command again.', code);
  process.stderr.write(output.join(''));
  if (/ENOSPC|no space left/i.test(output.join(''))) throw new Failure(FULL);
  throw new Failure('The build failed; the compiler says why above.', code);
}

/** @param {string[]} args */
function jest(args) {
  const script = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
  return run(process.execPath, script.concat(args));
}

/**
 * All tests, or what the arguments of jest select. Those of survival load the machine and measure what it then still
 * does: they come last, and have it to themselves.
 *
 * @param {string[]} args
 */
async function test(args) {
  if (args.length > 0) return jest(args);
  const others = ['unit', 'integration', 'contract', 'deploy', 'e2e'];
  const totals = path.join(ROOT, '.nx/test-totals.json');
  fs.rmSync(totals, { force: true });
  // The closing line of the second run counts the tests of both.
  process.env.TEST_TOTALS = totals;
  const first = await jest(['--selectProjects', ...others]);
  if (first > 128) return first;
  return (await jest(['--selectProjects', 'survival', '--runInBand'])) || first;
}

/**
 * Everything that should pass before a commit. All of it runs, so that one look shows all that is wrong; what nothing
 * changed for is taken from Nx's cache.
 */
async function check() {
  console.log('== types');
  const types = await run(process.execPath, TSC);
  if (types > 128) return types;
  const nx = ['node_modules/nx/dist/bin/nx.js', 'run-many', '-p', 'pentaprism', '-t', 'lint,boundaries,format,unit'];
  const rest = await run(process.execPath, nx.concat('--parallel=2', '--output-style=static'));
  return types || rest;
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} exit code
 */
async function start(args) {
  const { main } = await import(pathToFileURL(path.join(ROOT, 'deploy/local/dist/main.js')).href);
  return main(args);
}

/** @type {Record<string, (args: string[]) => Promise<number>>} */
const COMMANDS = {
  start,
  test,
  check,
  bench: (args) => run(process.execPath, ['test/perf/bench.mjs'].concat(args)),
  'test:containers': (args) => run(process.execPath, ['test/containers/run.mjs'].concat(args)),
  'test:clients': (args) => run(process.execPath, ['test/clients/run.mjs'].concat(args)),
  // TypeScript like the tests whose helpers they share, and so built with them.
  drill: (args) => run(process.execPath, ['--enable-source-maps', 'test/dist/drill/main.js'].concat(args)),
};

async function bootstrap() {
  const [name, ...args] = process.argv.slice(2);
  const command = COMMANDS[name || ''];
  if (!command)
    throw new Failure(
      'Use npm start, npm test, npm run check, npm run test:clients, npm run test:containers, npm run bench or npm run drill.',
    );
  checkNode();
  if (name === 'start' && (args.includes('--help') || args.includes('-h'))) {
    process.stdout.write(fs.readFileSync(path.join(ROOT, 'deploy/local/usage.txt')));
    return 0;
  }
  await install();
  // `check` compiles as its first step, and goes on to the others when that fails.
  if (name !== 'check') await build(name === 'start' ? PRODUCT : []);
  return command(args);
}

bootstrap().then(
  (code) => process.exit(code),
  (error) => {
    if (error instanceof Failure) {
      process.stderr.write(error.message + '\n');
      process.exit(error.code);
    }
    if (error && error.code === 'ENOSPC') {
      process.stderr.write(FULL + '\n');
      process.exit(1);
    }
    process.stderr.write(String((error && error.stack) || error) + '\n');
    process.exit(1);
  },
);
