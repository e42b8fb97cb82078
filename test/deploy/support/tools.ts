import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

export const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

const { DEPLOY_KUSTOMIZE = '', DEPLOY_PYTHON = '' } = process.env;
/** Why there are no validators; empty where there are. See `tools.setup.mjs`. */
export const TOOLS_MISSING = process.env['DEPLOY_TOOLS_MISSING'] ?? 'the setup did not run';

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** Runs one of the validators from PyPI in the root of the repository. */
export function runPython(command: string, args: readonly string[], input = ''): Outcome {
  const script = path.join(DEPLOY_PYTHON, 'bin', command);
  const env = { ...process.env, PYTHONPATH: DEPLOY_PYTHON };
  const { status, stdout, stderr } = spawnSync(script, args, { cwd: REPOSITORY, env, input, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

/** The manifests of an overlay as YAML. */
export function render(overlay: string): string {
  const directory = path.join(REPOSITORY, 'deploy/k8s/overlays', overlay);
  const { status, stdout, stderr } = spawnSync(DEPLOY_KUSTOMIZE, ['build', directory], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kustomize build ${overlay}: ${stderr}`);
  return stdout;
}

/** The documents of a YAML text, read by the library that the validators use. */
export function parseYaml(text: string): unknown[] {
  const program = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
  const env = { ...process.env, PYTHONPATH: DEPLOY_PYTHON };
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program], { env, input: text, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as unknown[];
}

/** Returns what `deploy/make-secrets.sh` prints. */
export function makeSecrets(...args: readonly string[]): string {
  return makeSecretsIn({}, ...args);
}

/** Returns what `deploy/make-secrets.sh` prints in an environment that has these secrets and no others. */
export function makeSecretsIn(secrets: Readonly<Record<string, string>>, ...args: readonly string[]): string {
  const env = { PATH: process.env['PATH'], ...secrets };
  const script = path.join(REPOSITORY, 'deploy/make-secrets.sh');
  const { status, stdout, stderr } = spawnSync('sh', [script, ...args], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

export function exists(file: string): boolean {
  return existsSync(path.join(REPOSITORY, file));
}
