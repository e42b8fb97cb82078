/**
 * `npm run test:clients [-- name ...]`: programs that use the published clients of the APIs, unchanged, against a stack of
 * their own. Each client is installed once, where nothing else sees it: Python packages in virtual environments, npm
 * packages in directories of their own.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLEAN_SETTINGS, createTemporaryDirectory, startStack } from '../../deploy/local/dist/index.js';
import { clientsReport } from '../dist/support/clients-report.js';
import { must, pythonEnvironment } from '../support/python-environment.mjs';
import { CLASSES, makePictures, PICTURES } from './pictures.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const INSTALLED = path.resolve(HERE, '../../.pentaprism/clients');
/** Milliseconds that one program may take. */
const LIMIT_MS = 600_000;

/** Each with what it needs, and the program or programs that use it. */
const CLIENTS = {
  'custom-vision-python-3.1.1': {
    python: [
      'azure-cognitiveservices-vision-customvision==3.1.1',
      // What runs its exports.
      ...['numpy==1.26.4', 'onnx==1.17.0', 'onnxruntime==1.20.1', 'pillow==11.1.0'],
    ],
    program: 'custom_vision_v3.py',
  },
  'custom-vision-python-0.1.0': {
    python: ['azure-cognitiveservices-vision-customvision==0.1.0'],
    program: 'custom_vision_v1_2.py',
  },
  'custom-vision-npm-5.2.0': {
    npm: [
      '@azure/cognitiveservices-customvision-training@5.2.0',
      '@azure/cognitiveservices-customvision-prediction@5.1.2',
    ],
    program: 'custom-vision.mjs',
  },
  'datarobot-python-3.20.0': {
    python: ['datarobot==3.20.0'],
    program: ['datarobot_datasets.py', 'datarobot_models.py', 'datarobot_ways.py'],
  },
  'tensorboard-writers': {
    python: [
      ...['tensorboard==2.21.0', 'tensorboardX==2.6.5', 'numpy==1.26.4', 'pillow==11.1.0'],
      ...['matplotlib==3.10.1', 'requests==2.32.3'],
    ],
    program: 'tensorboard_event_files.py',
  },
  'custom-vision-tfjs-1.3.0': { npm: ['@microsoft/customvision-tfjs@1.3.0'], program: 'custom-vision-tfjs.mjs' },
};

/** @returns {{ name: string, run?: { command: string, args: string[], env: Record<string, string> }, skipped?: string }[]} the programs of a client */
function programsOf(client, needs) {
  const files = [needs.program].flat();
  const nameOf = (file) => `${client}, ${file}`;
  try {
    const runOf = install(client, needs);
    return files.map((file) => ({ name: nameOf(file), run: runOf(path.join(HERE, file)) }));
  } catch (error) {
    // The programs of other clients run all the same.
    const skipped = `the client could not be installed: ${error instanceof Error ? error.message : error}`;
    console.error(skipped);
    return files.map((file) => ({ name: nameOf(file), skipped }));
  }
}

/** @returns {(file: string) => { command: string, args: string[], env: Record<string, string> }} how to run a program */
function install(name, { python, npm }) {
  const directory = path.join(INSTALLED, name);
  const installed = existsSync(path.join(directory, 'installed'));
  if (!installed) console.log(`Installing ${[...(python ?? []), ...(npm ?? [])].join(' ')} (once) ...`);
  if (python) {
    const command = pythonEnvironment(directory, python);
    return (file) => ({ command, args: [file], env: { PYTHONDONTWRITEBYTECODE: '1' } });
  }
  if (!installed) installNpm(directory, npm);
  return (file) => ({ command: process.execPath, args: [file], env: { PACKAGES: directory } });
}

function installNpm(directory, packages) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, 'package.json'), '{ "private": true }\n');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  must('npm', ['install', ...flags, ...packages], { cwd: directory });
  writeFileSync(path.join(directory, 'installed'), '');
}

/** Runs a program to its end. Nothing waits for input, so that all programs run unattended. */
async function run(name, { command, args, env }) {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, LIMIT_MS);
  const failure = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`),
    );
  });
  clearTimeout(timer);
  const late = isLate ? `not done within ${LIMIT_MS / 1000} s` : failure;
  return { name, seconds: (performance.now() - started) / 1000, failure: late };
}

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(CLIENTS, name));
if (unknown.length > 0) {
  console.error(`There is no client called ${unknown.join(', ')}; there are ${Object.keys(CLIENTS).join(', ')}.`);
  process.exit(2);
}
const chosen = Object.entries(CLIENTS).filter(([name]) => names.length === 0 || names.includes(name));
const programs = chosen.flatMap(([name, client]) => programsOf(name, client));
const directory = createTemporaryDirectory();
const pictures = path.join(directory.path, '../client-pictures');
await makePictures(pictures);
// A program writes it.
const logdir = path.join(directory.path, '../client-runs');
mkdirSync(logdir);
const env = { ...CLEAN_SETTINGS, TENSORBOARD_LOGDIR: logdir };
const stack = await startStack({ dataDirectory: directory.path, port: 0, env });
process.once('exit', () => {
  stack.kill();
  directory.remove();
});
for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 }))
  process.once(signal, () => process.exit(code));

const settings = {
  ENDPOINT: stack.url,
  KEY: stack.ownerKey,
  PICTURES: pictures,
  LOGDIR: logdir,
  CLASSES: CLASSES.join(),
  COUNT: `${PICTURES}`,
};
const outcomes = [];
for (const program of programs) {
  if (program.run) outcomes.push(await run(program.name, { ...program.run, env: { ...program.run.env, ...settings } }));
  else outcomes.push(program);
}
await stack.stop();
const { lines, passed } = clientsReport(outcomes);
console.log(`\n${lines.join('\n')}`);
process.exit(passed ? 0 : 1);
