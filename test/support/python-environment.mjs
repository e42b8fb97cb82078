import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PYTHON = process.env.PYTHON ?? 'python3';

/**
 * Installs Python packages in a virtual environment of their own, once.
 *
 * @param {string} directory of the environment; replaced unless it is complete
 * @param {readonly string[]} packages with their versions
 * @returns {string} path of its interpreter
 * @throws {Error} where there is no Python, or no registry that has the packages
 */
export function pythonEnvironment(directory, packages) {
  const interpreter = path.join(directory, 'bin/python');
  const done = path.join(directory, 'installed');
  if (existsSync(done)) return interpreter;
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  must(PYTHON, ['-m', 'venv', directory]);
  must(interpreter, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
  writeFileSync(done, '');
  return interpreter;
}

/** Runs a command whose output is shown. @param {string} command @param {readonly string[]} args @param {object} [options] */
export function must(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}
