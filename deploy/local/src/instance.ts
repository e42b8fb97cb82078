import { BUS_USERS, type BusUser } from '@pentaprism/contracts';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { binaryCaches, findServerBinary } from './server-binary.js';
import { openDataDirectory, type DataDirectory } from './data-directory.js';
import { DiskWatch } from './disk-watch.js';
import { lockDirectory, type DirectoryLock } from './directory-lock.js';
import type { Part, PartState } from './part.js';
import { choosePorts, rememberPorts } from './ports.js';
import { stopLeftovers } from './process-record.js';
import { SERVER_NAMES, SERVERS, type ServerName } from './server-definitions.js';
import { hasJetStream, natsUrl, serverPart, serverUrl } from './server-parts.js';
import { loadServerSecrets } from './server-secrets.js';
import { Supervisor } from './supervisor.js';

/** Where the three servers are reached, with the passwords of embedded ones. */
export interface ServerUrls {
  readonly mongodbUri: string;
  readonly natsUrl: string;
  readonly redisUrl: string;
}

export type StepState = PartState | 'searching' | 'fetching';

/** Hears what happens while a stack starts, runs and stops. */
export interface Observer {
  /** A part has a new state; `detail` is an address, a progress or a reason. */
  part(name: string, state: StepState, detail: string): void;
  /** A sentence that belongs to no single part. */
  note(text: string): void;
}

export interface InstanceOptions {
  readonly dataDirectory: string;
  /** The environment that child processes inherit, and in which binaries are looked for. */
  readonly env: NodeJS.ProcessEnv;
  readonly observer?: Observer | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Databases that the user of an embedded MongoDB may use: its own unless told otherwise. */
  readonly databases?: 'own' | 'any';
  /** `SUBJECT_PREFIX` of the apps; `*.` stands for any. None unless told otherwise. */
  readonly subjectPrefix?: string;
  /** Adds a user without limits to an embedded NATS, as tests and drills need it. False by default. */
  readonly natsOperator?: boolean;
}

const CLEANUP_PATIENCE_MS = 500;

const URL_OF: Readonly<Record<ServerName, keyof ServerUrls>> = {
  mongod: 'mongodbUri',
  'nats-server': 'natsUrl',
  'valkey-server': 'redisUrl',
};

/** A data directory in use: locked, freed of leftovers, with the processes that work on it. */
export class Instance {
  readonly supervisor: Supervisor;
  private closing: Promise<void> | undefined;
  /** Ends downloads when the caller gives up, and when another part has failed. */
  private readonly abort = new AbortController();
  private readonly searches: Promise<string>[] = [];
  /** URLs of an embedded NATS for its users. */
  private natsUrlOf: ((user: BusUser) => string) | undefined;

  private constructor(
    readonly directory: DataDirectory,
    private readonly lock: DirectoryLock,
    private readonly disk: DiskWatch,
    private readonly options: InstanceOptions,
  ) {
    this.supervisor = new Supervisor({
      logDirectory: directory.logs,
      runDirectory: directory.run,
      onChange: (part) => this.report(part),
      isDiskFull: () => disk.isFull(),
    });
  }

  /** Waits for as long as the disk is full: an instance cannot even be locked then. */
  static async open(options: InstanceOptions): Promise<Instance> {
    const onNote = (text: string): void => options.observer?.note(text);
    const disk = new DiskWatch(path.resolve(options.dataDirectory), { onNote });
    const directory = await disk.whenWritable(() => openDataDirectory(options.dataDirectory), options.signal);
    const lock = await disk.whenWritable(() => lockDirectory(directory.root), options.signal);
    const instance = new Instance(directory, lock, disk, options);
    disk.onSpace = () => instance.onSpace();
    const leftovers = await stopLeftovers(directory.run);
    if (leftovers.length > 0) {
      options.observer?.note(`Stopped what an earlier launcher had left running: ${leftovers.join(', ')}.`);
    }
    await instance.disk.start();
    return instance;
  }

  /**
   * Finds and starts the servers that are not given, and resolves when they serve.
   * @param external URLs of servers that run elsewhere; nothing is started for them
   */
  async startServers(external: Partial<ServerUrls>): Promise<ServerUrls> {
    const { env, observer } = this.options;
    const { signal } = this.abort;
    const embedded = SERVER_NAMES.filter((name) => !external[URL_OF[name]]);
    const urls: Partial<Record<keyof ServerUrls, string>> = { ...external };
    if (embedded.length === 0) return urls as ServerUrls;
    const ports = await choosePorts(this.directory.portsFile, embedded);
    await this.whenWritable(() => rememberPorts(this.directory.portsFile, ports));
    const { databases = 'own', subjectPrefix = '', natsOperator = false } = this.options;
    const secrets = await this.whenWritable(() => loadServerSecrets(this.directory, natsOperator));
    const keptIn = binaryCaches(env, this.directory.root);
    if (embedded.includes('nats-server')) this.natsUrlOf = (user) => natsUrl(user, ports['nats-server'], secrets);
    const start = async (name: ServerName): Promise<void> => {
      observer?.part(name, 'searching', '');
      const onProgress = (text: string): void => observer?.part(name, 'fetching', text);
      const search = { env, keptIn, logDirectory: this.directory.logs, signal, onProgress };
      const searching = findServerBinary(SERVERS[name], search);
      this.searches.push(searching);
      const binary = await searching;
      const place = { binary, port: ports[name], directory: this.directory, env: serverEnvironment(env) };
      urls[URL_OF[name]] = serverUrl(name, ports[name], secrets);
      const part = await this.whenWritable(() => serverPart(name, { ...place, secrets, databases, subjectPrefix }));
      await this.supervisor.add(part, 'server').start();
    };
    await Promise.all(embedded.map(start));
    return urls as ServerUrls;
  }

  /**
   * Returns the `NATS_URL` of an app, with its own user of the embedded NATS.
   * @returns undefined if NATS runs elsewhere, because all apps share its URL, or if `app` is not a user of NATS
   */
  natsUrlFor(app: string): string | undefined {
    return isBusUser(app) ? this.natsUrlOf?.(app) : undefined;
  }

  /** Runs the start so that it ends at once when the caller's signal is aborted. */
  async untilAborted<Result>(step: Promise<Result>): Promise<Result> {
    const { signal } = this.options;
    if (!signal) return step;
    return new Promise((resolve, reject) => {
      step.then(resolve, reject);
      const onAbort = (): void => reject(signal.reason as Error);
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Stops everything and frees the directory. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce().finally(() => this.lock.release());
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    this.abort.abort();
    this.disk.stop();
    await this.supervisor.stop();
    // Downloads that were given up remove their temporary files.
    await Promise.race([Promise.allSettled(this.searches), sleep(CLEANUP_PATIENCE_MS, undefined, { ref: false })]);
  }

  /** Ends everything at once, without waiting. */
  kill(): void {
    this.supervisor.killAll();
    this.lock.release();
  }

  /** Runs a step that writes to the data directory, again and again while the disk is full. */
  whenWritable<Result>(step: () => Result): Promise<Result> {
    return this.disk.whenWritable(step, this.abort.signal);
  }

  /** Whether so little is free that servers cannot be expected to run. */
  isDiskFull(): Promise<boolean> {
    return this.disk.isFull();
  }

  private onSpace(): void {
    for (const part of this.supervisor.parts.values()) part.recordAgain();
    void this.reviveJetStream();
  }

  /** A NATS server that could not write to its streams switches them off, until it is started again. */
  private async reviveJetStream(): Promise<void> {
    const part = this.supervisor.parts.get('nats-server');
    if (part?.state !== 'running' || !part.spec.detail || (await hasJetStream(part.spec.detail))) return;
    part.kill('SIGTERM');
  }

  private report(part: Part): void {
    const running = part.state === 'running';
    const address = part.spec.detail ? `${part.spec.detail} · ` : '';
    const detail = running ? `${address}${(part.age / 1000).toFixed(1)} s` : part.reason;
    this.options.observer?.part(part.name, part.state, detail);
  }
}

function isBusUser(name: string): name is BusUser {
  return (BUS_USERS as readonly string[]).includes(name);
}

/** Servers need no secrets of the environment: they get what the system needs to start a program and nothing else. */
function serverEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH'];
  return Object.fromEntries(names.filter((name) => env[name] !== undefined).map((name) => [name, env[name]]));
}
