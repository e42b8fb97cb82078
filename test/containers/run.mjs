// @ts-check
/**
 * `npm run test:containers`: builds the images with Podman, runs the compose project and the Kubernetes manifests, sends
 * requests to them, kills and stops containers, and removes everything but the cache in `.nx/containers`. It installs
 * nothing on the machine. Exit code 0 if all checks passed, 1 if one failed, 3 if the machine cannot run them.
 *
 * The checks run in a process of their own. So what they made is removed after a failure, a crash and an interrupt too.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { check, totals } from './check.mjs';
import { CannotRun, Engine, requireCommands } from './engine.mjs';
import { assertNothingLeft, networksOf, removeEverything } from './leftovers.mjs';

const CANNOT_RUN = 3;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/** @returns {Promise<number>} exit code */
async function main() {
  requireCommands({
    podman: 'runs the containers',
    'podman-compose': 'reads docker-compose.yml',
    catatonit: 'holds the containers of a pod together',
  });
  const engine = new Engine();
  // A run that was killed could not remove anything.
  removeEverything(engine);
  const networks = networksOf(engine);
  const { code, counts } = await runChecks();
  await check('nothing is left but the cached images', () => {
    removeEverything(engine);
    assertNothingLeft(engine, networks);
  });
  if (code === CANNOT_RUN) return code;
  console.log(`${counts.passed + totals.passed} passed, ${counts.failed + totals.failed} failed`);
  return code || (totals.failed > 0 ? 1 : 0);
}

/** Runs the checks to their end, or until this process is told to stop. */
async function runChecks() {
  // A process group of its own: the commands of the engine that it waits for end with it.
  const script = path.join(import.meta.dirname, 'checks.mjs');
  const child = spawn(process.execPath, [script], { detached: true, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const counts = { passed: 0, failed: 0 };
  child.on('message', (message) => Object.assign(counts, message));
  let interrupted = 0;
  for (const [signal, number] of Object.entries(SIGNALS))
    process.on(signal, () => {
      if (interrupted > 0 || child.pid === undefined) return;
      interrupted = 128 + number;
      console.log('Interrupted. Everything is being removed ...');
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    });
  /** @type {number | null} */
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code: interrupted || (code ?? 1), counts };
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof CannotRun)) throw error;
  console.error(error.message);
  process.exitCode = CANNOT_RUN;
}
