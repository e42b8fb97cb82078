import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REPOSITORY } from './repository.js';

/** The user of the images, see `deploy/docker/Dockerfile`. */
const USER = 1000;
/** What the Dockerfile gives to every app. */
const IMAGE_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  NODE_ENV: 'production',
  MALLOC_ARENA_MAX: '2',
  NODE_OPTIONS: '--max-semi-space-size=4 --enable-source-maps',
};
const PROBE_EVERY_MS = 250;
const START_LIMIT_MS = 300_000;
/** Milliseconds of patience with SIGTERM: the manifests give more. */
const STOP_LIMIT_MS = 20_000;

/**
 * A mount namespace of the process's own, in which it sees what a container sees: the code at another place, nothing that
 * it can write but an empty /tmp and its volume. Arguments: code, Node.js, volume (or nothing), user, script.
 */
const CONTAINER = `set -e
mount -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/app /mnt/data
: > /mnt/node
mount --bind "$1" /mnt/app
mount --bind "$2" /mnt/node
if [ -n "$3" ]; then mount --bind "$3" /mnt/data; fi
mount -t tmpfs -o mode=1777 tmpfs /tmp
for each in /mnt/app /mnt /; do mount -o remount,bind,ro $each; done
cd /mnt/app
exec setpriv --reuid $4 --regid $4 --clear-groups --no-new-privs --bounding-set=-all --pdeathsig KILL /mnt/node $5`;

/** Which of a container's properties this machine can give to a process. */
export interface Isolation {
  readonly otherUser: boolean;
  readonly readOnlyRoot: boolean;
  /** What is not tried here, and why; empty where all of it is. */
  readonly notes: readonly string[];
}

export function detectIsolation(): Isolation {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    return { otherUser: false, readOnlyRoot: false, notes: ['not root: same user, root file system not read-only'] };
  }
  const script = CONTAINER.replace('/mnt/node $5', '/mnt/node -e 0');
  const tried = spawnSync('unshare', [...UNSHARE, script, 'sh', REPOSITORY, process.execPath, '', String(USER)], {
    encoding: 'utf8',
  });
  if (tried.status === 0) return { otherUser: true, readOnlyRoot: true, notes: [] };
  const why = (tried.stderr || String(tried.error ?? `exit code ${tried.status}`)).trim();
  // Without a namespace the other user needs a way to the code that is open to everybody.
  const otherUser =
    spawnSync(process.execPath, ['--check', appScript('gateway')], { uid: USER, gid: USER }).status === 0;
  const notes = [`root file system not read-only: ${why}`];
  return { otherUser, readOnlyRoot: false, notes: otherUser ? notes : [...notes, 'same user: cannot read the code'] };
}

const UNSHARE = ['--mount', '--propagation', 'private', 'sh', '-c'];

export interface ContainerOptions {
  /** The app and a number, e.g. `catalog-1`. */
  readonly name: string;
  readonly app: string;
  /** All that the app is told; `BLOB_URL` is added for those that have a volume. */
  readonly environment: Readonly<Record<string, string>>;
  /** The directory of the blob store, for apps that mount it. */
  readonly volume?: string | undefined;
  readonly logDirectory: string;
  readonly isolation: Isolation;
}

export interface Stopped {
  readonly milliseconds: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One process of an app, started as its container would: environment only, no channel to the parent process. */
export class Container {
  readonly name: string;
  readonly app: string;
  private child: ChildProcess | undefined;

  constructor(private readonly options: ContainerOptions) {
    this.name = options.name;
    this.app = options.app;
  }

  /** Starts it, and resolves when the probe of its manifest says that it is ready; gateways are left to the balancer. */
  async start(): Promise<void> {
    const log = openSync(path.join(this.options.logDirectory, `${this.name}.log`), 'a');
    const child = this.spawn(log);
    this.child = child;
    closeSync(log);
    const until = Date.now() + START_LIMIT_MS;
    while (this.app !== 'gateway' && !(await this.probe('ready'))) {
      if (!this.runs || Date.now() > until) throw new Error(`${this.name} does not start: ${this.log().slice(-1000)}`);
      await sleep(PROBE_EVERY_MS);
    }
  }

  /** SIGTERM, and SIGKILL when that is not enough. */
  async stop(): Promise<Stopped> {
    const { child } = this;
    if (!child || !this.runs) throw new Error(`${this.name} does not run any more: ${this.log().slice(-1000)}`);
    const since = performance.now();
    const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    const [code, signal] = await exited;
    clearTimeout(timer);
    return { milliseconds: Math.round(performance.now() - since), code, signal };
  }

  kill(): void {
    this.child?.kill('SIGKILL');
  }

  get runs(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  log(): string {
    const file = path.join(this.options.logDirectory, `${this.name}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  /** Runs the image's probe, where the process sees its files. */
  private probe(...args: string[]): Promise<boolean> {
    const env = { PATH: IMAGE_ENVIRONMENT.PATH, HEARTBEAT_FILE: this.heartbeat };
    const script = path.join(REPOSITORY, 'deploy/docker/heartbeat.sh');
    const namespace = ['--target', String(this.child?.pid), '--mount', 'sh', '/mnt/app/deploy/docker/heartbeat.sh'];
    const [command, before] = this.options.isolation.readOnlyRoot ? ['nsenter', namespace] : ['sh', [script]];
    return new Promise((resolve) => execFile(command, [...before, ...args], { env }, (error) => resolve(!error)));
  }

  private get heartbeat(): string {
    const { isolation, logDirectory } = this.options;
    return isolation.readOnlyRoot ? '/tmp/heartbeat' : path.join(logDirectory, `${this.name}.heartbeat`);
  }

  private spawn(log: number): ChildProcess {
    const { app, isolation, environment, volume } = this.options;
    const directory = isolation.readOnlyRoot ? '/mnt/data' : volume;
    const env = {
      ...IMAGE_ENVIRONMENT,
      ...environment,
      ...(volume === undefined ? {} : { BLOB_URL: `file://${directory}` }),
      HEARTBEAT_FILE: this.heartbeat,
    };
    const stdio = ['ignore', log, log] as const;
    if (isolation.readOnlyRoot) {
      const script = path.join('/mnt/app', path.relative(REPOSITORY, appScript(app)));
      const args = [REPOSITORY, process.execPath, volume ?? '', String(USER), script];
      return spawn('unshare', [...UNSHARE, CONTAINER, 'sh', ...args], { env, stdio: [...stdio] });
    }
    const user = isolation.otherUser ? { uid: USER, gid: USER } : {};
    return spawn(process.execPath, [appScript(app)], { env, cwd: '/', stdio: [...stdio], ...user });
  }
}

/** A directory that the apps can write, and nobody else needs to. */
export function makeVolume(directory: string, { otherUser }: Isolation): string {
  mkdirSync(directory, { recursive: true });
  // Without a mount, the other user comes here along the path.
  for (let each = path.dirname(directory); each.includes('pentaprism-test-'); each = path.dirname(each))
    chmodSync(each, 0o711);
  if (otherUser) spawnSync('chown', ['-R', `${USER}:${USER}`, directory]);
  return directory;
}

function appScript(app: string): string {
  return path.join(REPOSITORY, 'apps', app, 'dist/main.js');
}
