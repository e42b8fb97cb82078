import { createTemporaryDirectory, startServers, type RunningServers } from '@pentaprism/local';
import { eventually } from '@pentaprism/testing';
import mongoose from 'mongoose';
import { randomBytes } from 'node:crypto';
import { loadavg } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Balancer, freePort, type Backend } from './balancer.js';
import { Container, detectIsolation, makeVolume, type Isolation, type Stopped } from './containers.js';
import { Tally, type RequestFailure } from './rolling-client.js';
import { RollingLoad } from './rolling-load.js';

/** Seconds: the balancer needs one to notice, clients use their connections every 1.5 s. In a cluster it is more. */
const DRAIN_DELAY = '3';
/** Milliseconds of load between two restarts. */
const BREATH_MS = 500;
const READY_LIMIT_MS = 300_000;
/** Milliseconds until all jobs have ended once the load is over. */
const SETTLE_LIMIT_MS = 45_000;
const CHECKS_AT_ONCE = 8;
const INSTANCES = 2;
const STARTS_AT_ONCE = 4;

type Variable = 'MONGODB_URI' | 'REDIS_URL' | 'SIGNING_SECRETS' | 'PENTAPRISM_OWNER_KEY';

/** What each app is told besides the bus, and whether it has the volume. */
const APPS: Readonly<Record<string, { readonly told: readonly Variable[]; readonly volume: boolean }>> = {
  catalog: { told: ['MONGODB_URI', 'REDIS_URL', 'SIGNING_SECRETS', 'PENTAPRISM_OWNER_KEY'], volume: true },
  tagging: { told: ['MONGODB_URI'], volume: false },
  'training-ingest': { told: ['MONGODB_URI', 'REDIS_URL'], volume: true },
  augmentation: { told: ['MONGODB_URI', 'REDIS_URL'], volume: true },
  insights: { told: ['MONGODB_URI', 'REDIS_URL'], volume: true },
  worker: { told: ['REDIS_URL'], volume: true },
  gateway: { told: ['SIGNING_SECRETS'], volume: true },
};

export interface RollingOptions {
  /** Restarts; every process once takes 14. */
  readonly count: number;
  /** Of the order. */
  readonly seed: number;
  readonly log?: (line: string) => void;
}

export interface Restart extends Stopped {
  readonly name: string;
  /** Milliseconds from the start of the new process until it was ready. */
  readonly startMilliseconds: number;
}

export interface RollingResult {
  readonly requests: number;
  readonly failed: readonly RequestFailure[];
  /** What was answered with success and was wrong. */
  readonly wrong: readonly string[];
  readonly slowestMs: number;
  readonly restarts: readonly Restart[];
  /** Acknowledged uploads, and the names of those that were not there at the end, with their bytes. */
  readonly uploads: number;
  readonly lost: readonly string[];
  /** Augmentation jobs that clients saw to their end; all jobs of the ledger, and those that have not completed. */
  readonly augmentations: number;
  readonly jobs: number;
  readonly unfinishedJobs: number;
  /** Facts that were not published. */
  readonly unpublished: number;
  readonly isolation: Isolation;
  readonly milliseconds: number;
}

/**
 * Runs the apps as containers would, two of each behind a balancer, under steady load, and stops and starts one process
 * after the other with SIGTERM, as a rolling upgrade does.
 */
export async function rollingRestarts({ count, seed, log = () => undefined }: RollingOptions): Promise<RollingResult> {
  const since = performance.now();
  const installation = await Installation.start(log);
  const tally = new Tally();
  const load = new RollingLoad(installation.origin, installation.ownerKey, tally);
  try {
    await load.start();
    const restarts = await restartInTurn(installation, tally, { count, seed, log });
    tally.during = 'the end';
    await sleep(BREATH_MS);
    await load.stop();
    const seen = { requests: tally.requests, failed: [...tally.failed], slowestMs: tally.slowestMs };
    return {
      ...seen,
      wrong: load.wrong,
      restarts,
      uploads: load.uploads.length,
      lost: await findLost(load),
      augmentations: load.jobsEnded,
      ...(await installation.settle()),
      isolation: installation.isolation,
      milliseconds: Math.round(performance.now() - since),
    };
  } finally {
    await load.stop();
    load.close();
    await installation.stop();
  }
}

/** Stops and starts processes, one after the other. */
export async function restartInTurn(
  installation: Installation,
  tally: Tally,
  { count, seed, log = () => undefined }: RollingOptions,
): Promise<Restart[]> {
  const restarts: Restart[] = [];
  for (const container of order(installation.containers, count, seed)) {
    await sleep(BREATH_MS);
    tally.during = `${container.name} stops`;
    const stopped = await container.stop();
    tally.during = `${container.name} starts`;
    const startedAt = performance.now();
    await installation.startOne(container);
    const startMilliseconds = Math.round(performance.now() - startedAt);
    restarts.push({ name: container.name, ...stopped, startMilliseconds });
    // A machine with much else to do is late with everything, and a failure may be its own.
    const busy = loadavg()[0]?.toFixed(0);
    log(
      `${container.name}: stopped in ${stopped.milliseconds} ms, ready after ${startMilliseconds} ms; ` +
        `${tally.requests} requests, ${tally.failed.length} failed; load ${busy}`,
    );
  }
  return restarts;
}

/** The servers, two processes of each app, and the balancer before the gateways. */
export class Installation {
  readonly isolation = detectIsolation();
  readonly ownerKey = randomBytes(16).toString('hex');
  readonly containers: Container[] = [];
  origin = '';
  private readonly directory = createTemporaryDirectory();
  private readonly outside = createTemporaryDirectory();
  private servers: RunningServers | undefined;
  private balancer = new Balancer([]);
  /** jest ends at once when it is interrupted, without the `finally` above. */
  private readonly end = () => this.kill();

  static async start(log: (line: string) => void): Promise<Installation> {
    const installation = new Installation();
    try {
      await installation.bringUp(log);
      for (const note of installation.isolation.notes) log(`not tried here: ${note}`);
      return installation;
    } catch (error) {
      await installation.stop();
      throw error;
    }
  }

  async startOne(container: Container): Promise<void> {
    await container.start();
    if (container.app !== 'gateway') return;
    await eventually(
      () => {
        if (!this.balancer.isReady(container.name)) throw new Error(`${container.name} is not ready`);
      },
      { timeoutMs: READY_LIMIT_MS, everyMs: 50 },
    );
  }

  /** Waits until all that was begun has ended, and counts what has not. */
  async settle(): Promise<{ jobs: number; unfinishedJobs: number; unpublished: number }> {
    const connection = await mongoose.createConnection(this.servers?.mongodbUri ?? '').asPromise();
    try {
      const count = (name: string, filter = {}) => connection.collection(name).countDocuments(filter);
      const until = Date.now() + SETTLE_LIMIT_MS;
      for (;;) {
        const [jobs, unfinishedJobs, ...facts] = await Promise.all([
          count('jobs'),
          // Embeddings are computed one at a time, when nothing else is to be done: hundreds of them may wait for minutes.
          count('jobs', {
            state: { $ne: 'completed' },
            $nor: [{ type: 'content.embed', state: { $in: ['queued', 'running'] } }],
          }),
          count('catalog_outbox'),
          count('augmentation_outbox'),
        ]);
        const unpublished = facts.reduce((sum, each) => sum + each, 0);
        if (unfinishedJobs + unpublished === 0 || Date.now() > until) return { jobs, unfinishedJobs, unpublished };
        await sleep(250);
      }
    } finally {
      await connection.close();
    }
  }

  async stop(): Promise<void> {
    this.balancer.close();
    await Promise.all(this.containers.filter(({ runs }) => runs).map((container) => container.stop()));
    await this.servers?.stop();
    process.off('exit', this.end);
    this.directory.remove();
    this.outside.remove();
  }

  private kill(): void {
    for (const container of this.containers) container.kill();
    this.servers?.kill();
    this.directory.remove();
    this.outside.remove();
  }

  private async bringUp(log: (line: string) => void): Promise<void> {
    process.once('exit', this.end);
    this.servers = await startServers({ dataDirectory: this.directory.path });
    const volume = makeVolume(path.join(this.outside.path, 'blobs'), this.isolation);
    const logDirectory = makeVolume(path.join(this.outside.path, 'logs'), this.isolation);
    const told: Record<Variable, string> = {
      MONGODB_URI: this.servers.mongodbUri,
      REDIS_URL: this.servers.redisUrl,
      SIGNING_SECRETS: randomBytes(32).toString('hex'),
      PENTAPRISM_OWNER_KEY: this.ownerKey,
    };
    const backends: Backend[] = [];
    for (const [app, needs] of Object.entries(APPS)) {
      for (let number = 1; number <= INSTANCES; number++) {
        const name = `${app}-${number}`;
        const environment: Record<string, string> = { NATS_URL: this.servers.natsUrl };
        for (const variable of needs.told) environment[variable] = told[variable];
        if (app === 'gateway') {
          const port = await freePort();
          backends.push({ name, port });
          Object.assign(environment, { HOST: '127.0.0.1', PORT: String(port), DRAIN_DELAY });
        }
        const { isolation } = this;
        const shared = needs.volume ? volume : undefined;
        this.containers.push(new Container({ name, app, environment, volume: shared, logDirectory, isolation }));
      }
    }
    this.balancer = new Balancer(backends, log);
    this.origin = await this.balancer.listen();
    // Gateways come last, since they are ready when all others are; a few at once, or none of them gets on.
    for (let each = 0; each < this.containers.length; each += STARTS_AT_ONCE) {
      await Promise.all(
        this.containers.slice(each, each + STARTS_AT_ONCE).map((container) => this.startOne(container)),
      );
    }
  }
}

async function findLost(load: RollingLoad): Promise<string[]> {
  const left = [...load.uploads];
  const lost: string[] = [];
  const next = async () => {
    const client = load.client();
    for (let upload = left.pop(); upload !== undefined; upload = left.pop()) {
      const found = upload;
      // A request that fails says nothing of the bytes: it is made again.
      const there = await eventually(() => load.check(client, found), { timeoutMs: SETTLE_LIMIT_MS, everyMs: 250 });
      if (!there) lost.push(upload.fileName);
    }
  };
  await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, next));
  return lost;
}

/** Every process in turn, in rounds that are each in another order. */
function* order(containers: readonly Container[], count: number, seed: number): Generator<Container> {
  const random = mulberry32(seed);
  let round: Container[] = [];
  for (let each = 0; each < count; each++) {
    if (round.length === 0)
      round = containers
        .map((container) => ({ container, at: random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ container }) => container);
    const next = round.pop();
    if (next) yield next;
  }
}

/** Numbers from 0 to 1 that a seed repeats. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
