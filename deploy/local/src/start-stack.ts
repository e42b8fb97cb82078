import { variablesFor } from '@pentaprism/config';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadSecrets, type Secrets } from './data-directory.js';
import { waitUntilReady } from './health.js';
import { Instance, type Observer, type ServerUrls } from './instance.js';
import { LauncherError } from './launcher-error.js';
import type { Part } from './part.js';
import { assertListenable, freePort } from './ports.js';
import type { Stage } from './supervisor.js';
import { webFilesPath } from './web-files.js';

/**
 * Megabytes of the young generation: 4 saves about 20 MB a process, but where pages of images go through, collecting it
 * that often took a fifth of the time (8.97 ms of CPU per page of 50 with 4, 7.26 with 16).
 */
const SEMI_SPACE_MB: Readonly<Record<string, number>> = { catalog: 16, gateway: 16 };

/** From `src` and from `dist` alike. */
const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

export interface AppDefinition {
  readonly name: string;
  readonly stage: Exclude<Stage, 'server'>;
  /** Path of its main module. */
  readonly script: string;
}

const STAGE_OF: Readonly<Record<string, AppDefinition['stage']>> = {
  catalog: 'service',
  tagging: 'service',
  'training-ingest': 'service',
  augmentation: 'service',
  insights: 'service',
  worker: 'worker',
  gateway: 'gateway',
};

export const APPS: readonly AppDefinition[] = Object.entries(STAGE_OF).map(([name, stage]) => ({
  name,
  stage,
  script: path.join(REPOSITORY, 'apps', name, 'dist/main.js'),
}));

export interface StartStackOptions {
  readonly dataDirectory: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** 127.0.0.1 unless told otherwise. */
  readonly host?: string;
  /** Added to the environment of this process for the apps. */
  readonly env?: NodeJS.ProcessEnv;
  /** Servers that run already; those that are not given are started. */
  readonly servers?: Partial<ServerUrls>;
  /** All apps of this repository unless told otherwise. */
  readonly apps?: readonly AppDefinition[];
  /** How long the gateway may take until it is ready once its process runs; 60 s unless told otherwise. */
  readonly readyTimeoutMs?: number;
  /** Adds a user without limits to an embedded NATS, and to `servers.natsUrl`; for drills. */
  readonly natsOperator?: boolean;
  readonly observer?: Observer;
  readonly signal?: AbortSignal;
  /** Called as soon as there is something that a second Ctrl-C would have to kill. */
  readonly onInstance?: (instance: { kill(): void; readonly logs: string }) => void;
}

export interface RunningStack {
  /** Origin of the gateway, without a slash at the end. */
  readonly url: string;
  /** What had too little space for writes when the stack was ready, each with a reason. */
  readonly degraded: readonly string[];
  readonly ownerKey: string;
  readonly secrets: Secrets;
  readonly servers: ServerUrls;
  /** Embedded servers and apps, by name. */
  readonly parts: ReadonlyMap<string, Part>;
  readonly logs: string;
  /** Where the gateway expects TensorBoard's frontend from `fetchWebFiles`; undefined if the environment names another file. */
  readonly webFiles: string | undefined;
  /** Stops everything in at most 10 s. */
  stop(): Promise<void>;
  /** Ends everything at once, without waiting. */
  kill(): void;
}

/**
 * Starts the servers and the apps, and resolves when the gateway says that all of it is ready.
 * @throws LauncherError with one sentence that says what to do; nothing is left running then
 */
export async function startStack(options: StartStackOptions): Promise<RunningStack> {
  const env = { ...process.env, ...options.env };
  const instance = await Instance.open({ ...options, env, subjectPrefix: env['SUBJECT_PREFIX'] ?? '' });
  options.onInstance?.({ kill: () => instance.kill(), logs: instance.directory.logs });
  try {
    return await instance.untilAborted(bringUp(instance, options, env));
  } catch (error) {
    await instance.close();
    throw error;
  }
}

async function bringUp(instance: Instance, options: StartStackOptions, env: NodeJS.ProcessEnv): Promise<RunningStack> {
  const host = options.host ?? '127.0.0.1';
  const apps = options.apps ?? APPS;
  assertBuilt(apps);
  if (options.port !== 0) await assertListenable(host, options.port);
  const port = options.port === 0 ? await freePort(host) : options.port;
  const secrets = await instance.whenWritable(() => loadSecrets(instance.directory, env));
  const servers = await instance.startServers(options.servers ?? {});
  const webFiles = env['TENSORBOARD_WEBFILES'] ? undefined : webFilesPath(env, instance.directory.root);
  const shared: NodeJS.ProcessEnv = {
    ...sharedEnvironment(env, instance, secrets, servers),
    HOST: host,
    PORT: String(port),
    RECORDS_DIRECTORY: env['RECORDS_DIRECTORY'] || (options.servers?.mongodbUri ? undefined : instance.directory.root),
    TENSORBOARD_WEBFILES: webFiles ?? absolutePath(env['TENSORBOARD_WEBFILES']),
  };
  for (const app of apps)
    instance.supervisor.add(
      appSpec(
        app,
        environmentOf(app, { ...shared, NATS_URL: instance.natsUrlFor(app.name) ?? servers.natsUrl }),
        `${host}:${port}`,
      ),
      app.stage,
    );
  const url = originOf(host, port);
  const timeoutMs = options.readyTimeoutMs ?? 60_000;
  const { parts } = instance.supervisor;
  const degraded = await waitUntilReady({
    url,
    parts,
    timeoutMs,
    logs: instance.directory.logs,
    started: instance.supervisor.startAll(),
    isDiskFull: () => instance.isDiskFull(),
  });
  return {
    url,
    degraded,
    ownerKey: secrets.ownerKey,
    secrets,
    servers,
    parts,
    logs: instance.directory.logs,
    webFiles,
    stop: () => instance.close(),
    kill: () => instance.kill(),
  };
}

/** Returns what all apps have in their environment, of which each gets the variables that it reads. */
function sharedEnvironment(
  env: NodeJS.ProcessEnv,
  instance: Instance,
  secrets: Secrets,
  servers: ServerUrls,
): NodeJS.ProcessEnv {
  return {
    ...env,
    PENTAPRISM_OWNER_KEY: secrets.ownerKey,
    SIGNING_SECRETS: secrets.signingSecrets,
    MONGODB_URI: servers.mongodbUri,
    NATS_URL: servers.natsUrl,
    REDIS_URL: servers.redisUrl,
    BLOB_URL: env['BLOB_URL'] || pathToFileURL(instance.directory.blobs).href,
    TENSORBOARD_LOGDIR: absolutePath(env['TENSORBOARD_LOGDIR']),
    // glibc would keep up to 8 arenas per core, which image work fills and never gives back.
    MALLOC_ARENA_MAX: '2',
  };
}

/** Returns the path as apps accept it, which may run in another directory. */
function absolutePath(file: string | undefined): string | undefined {
  return file ? path.resolve(file) : undefined;
}

/** Returns the environment of one app: only the variables that it reads. */
function environmentOf({ name }: AppDefinition, shared: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(variablesFor(name, Object.keys(shared)).map((variable) => [variable, shared[variable]]));
}

function assertBuilt(apps: readonly AppDefinition[]): void {
  const missing = apps.filter((app) => !existsSync(app.script)).map((app) => app.name);
  if (missing.length === 0) return;
  throw new LauncherError(`Not built yet: ${missing.join(', ')}; run npm run build, and look at what it says.`);
}

function appSpec(app: AppDefinition, env: NodeJS.ProcessEnv, address: string) {
  return {
    name: app.name,
    command: process.execPath,
    args: [`--max-semi-space-size=${SEMI_SPACE_MB[app.name] ?? 4}`, '--enable-source-maps', app.script],
    env,
    ...(app.stage === 'gateway' ? { detail: address } : {}),
    ready: 'message' as const,
  };
}

/** An address that means every interface is reached through loopback. */
export function originOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
