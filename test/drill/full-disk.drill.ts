import { CLEAN_SETTINGS, createTemporaryDirectory, startStack, type RunningStack } from '@pentaprism/local';
import { eventually } from '@pentaprism/testing';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { forEach } from './support/for-each.js';

const MIB = 1024 * 1024;
const DISK_MIB = 2048;
const BLOB_FLOOR = 192 * MIB;
const RECORD_FLOOR = 128 * MIB;
const UPLOADS = 100;
const CLIENTS = 4;
/** Milliseconds for which there is no byte left, before anything is asked. */
const FULL_MS = 5000;
/** Milliseconds in which servers that died of it have to be back. */
const BACK_WITHIN_MS = 60_000;
const ENVIRONMENT = {
  ...CLEAN_SETTINGS,
  BLOB_MIN_FREE: String(BLOB_FLOOR),
  RECORDS_MIN_FREE: String(RECORD_FLOOR),
};
/** Ended by a full disk, and started again by the launcher. Apps have to bear it. */
const SERVERS: ReadonlySet<string> = new Set(['mongod', 'nats-server', 'valkey-server']);

/** A system on a small disk that is filled up, and freed again. */
export const fullDisk: Drill = {
  number: 16,
  name: 'full disk',
  goal:
    'A disk filled to the floor and to 0 bytes, then freed: reads and deletions go on, writes are 507, nothing acknowledged ' +
    'is lost, no app ends, and everything works again without a hand.',
  limitSeconds: 8 * 60,
  run: async (context) => {
    const directory = createTemporaryDirectory();
    mkdirSync(directory.path, { mode: 0o700 });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', directory.path]);
    if (mounted.status !== 0) {
      directory.remove();
      return { did: '', measures: [], examples: [], skipped: 'no file system may be mounted here' };
    }
    try {
      const stack = await startStack({ dataDirectory: directory.path, port: 0, env: ENVIRONMENT });
      try {
        return await run(new SmallDisk(directory.path), stack, context);
      } finally {
        await stack.stop();
      }
    } finally {
      execFileSync('umount', ['-l', directory.path]);
      directory.remove();
    }
  },
};

/** A file that takes up what is free. */
class SmallDisk {
  private readonly filler: string;

  constructor(private readonly directory: string) {
    this.filler = path.join(directory, 'filler');
  }

  get free(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** Leaves this many bytes free, as far as nobody else takes some. */
  fillUpTo(left: number): void {
    const chunk = Buffer.alloc(MIB);
    const descriptor = openSync(this.filler, 'a');
    try {
      while (this.free > left) writeSync(descriptor, chunk, 0, Math.min(MIB, this.free - left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(descriptor);
    }
  }

  empty(): void {
    rmSync(this.filler, { force: true });
  }
}

interface Stored {
  readonly id: number;
  readonly url: string;
  readonly bytes: Buffer;
}

async function run(disk: SmallDisk, stack: RunningStack, context: DrillContext): Promise<DrillResult> {
  const client = new Client(stack);
  const stored: Stored[] = [];
  const wanted = Array.from({ length: Math.max(20, context.count(UPLOADS)) });
  await forEach(wanted, CLIENTS, async () => void stored.push(await client.upload()));
  const victims = stored.splice(0, 3);
  const wrong: string[] = [];
  const expect = async (what: string, asked: Promise<number>, ...statuses: number[]) => {
    const status = await asked;
    if (!statuses.includes(status)) wrong.push(`${what}: ${status}`);
  };
  const unreadable: string[] = [];
  const readAll = (when: string) =>
    forEach(stored, CLIENTS, async (each) => {
      if (!(await client.isRight(each))) unreadable.push(`${when}: ${each.id}`);
    });

  disk.fillUpTo((BLOB_FLOOR + RECORD_FLOOR) / 2);
  await sleep(1500);
  context.log(`${Math.round(disk.free / MIB)} MiB free, below the floor of blobs`);
  await expect('an upload below the floor', client.tryUpload(), 507);
  await expect('readiness below the floor', client.status('GET', '/health/ready'), 200);
  const { status } = z.object({ status: z.string() }).parse(await client.json('/health/ready'));
  if (status !== 'degraded') wrong.push(`readiness below the floor says ${status}`);
  await expect('a record below the floor of blobs', client.announce(), 201);
  await readAll('below the floor of blobs');

  disk.fillUpTo(RECORD_FLOOR / 2);
  await sleep(1500);
  context.log(`${Math.round(disk.free / MIB)} MiB free, below the floor of records`);
  await expect('a record below the floor of records', client.announce(), 507);
  await expect('a deletion below the floor of records', client.delete(victims[0]), 204);
  await readAll('below the floor of records');

  disk.fillUpTo(0);
  context.log('no byte is free');
  await sleep(FULL_MS);
  await expect('an upload on a full disk', client.tryUpload(), 507, 503, 504);
  // MongoDB may have ended, and is started again with what the launcher had kept for that.
  const readMs = await timed(() => eventually(() => client.mustRead(stored), { timeoutMs: BACK_WITHIN_MS }));
  await readAll('on a full disk');
  const deletedMs = await timed(() =>
    eventually(() => client.mustDelete(victims[1]), { timeoutMs: BACK_WITHIN_MS, everyMs: 500 }),
  );
  context.log(`read after ${readMs} ms, deleted after ${deletedMs} ms`);

  disk.empty();
  const freedMs = await timed(() =>
    eventually(async () => stored.push(await client.upload()), { timeoutMs: BACK_WITHIN_MS, everyMs: 500 }),
  );
  const readyMs = await timed(() => eventually(() => client.mustBeWell(), { timeoutMs: BACK_WITHIN_MS }));
  await expect('a deletion afterwards', client.delete(victims[2]), 204);
  await forEach(wanted.slice(0, 10), CLIENTS, async () => void stored.push(await client.upload()));
  await readAll('afterwards');
  const ended = [...stack.parts.values()].filter(({ name, crashes }) => crashes > 0 && !SERVERS.has(name));
  const gone = [...stack.parts.values()].filter(({ state }) => state !== 'running');
  return {
    did: `${stored.length} uploads on a disk of ${DISK_MIB} MiB`,
    measures: [
      { what: 'uploads acknowledged', worst: stored.length, atLeast: wanted.length },
      none('wrong answers', wrong),
      none('acknowledged and not readable', unreadable),
      none(
        'apps that ended',
        ended.map(({ name }) => name),
      ),
      none(
        'parts that do not run in the end',
        gone.map(({ name }) => name),
      ),
      { what: 'deleting on a full disk', worst: deletedMs, atMost: BACK_WITHIN_MS, unit: 'ms' },
      { what: 'storing after there was space', worst: freedMs + readyMs, atMost: BACK_WITHIN_MS, unit: 'ms' },
    ],
    examples: examplesOf({ wrong, unreadable, ended: ended.map(({ name }) => name) }),
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return Math.round(performance.now() - began);
}

class Client {
  constructor(private readonly stack: RunningStack) {}

  async upload(): Promise<Stored> {
    const bytes = randomBytes(20_000);
    const answer = await this.send('POST', '/v1/upload', { filename: 'f', image_data: bytes.toString('base64') });
    if (answer.status !== 201) throw new Error(`an upload was answered with ${answer.status}`);
    const { id } = z.object({ id: z.int() }).parse(await answer.json());
    const { url } = z.object({ url: z.string() }).parse(await this.json(`/v1/images/${id}`));
    return { id, url, bytes };
  }

  async tryUpload(): Promise<number> {
    const body = { filename: 'f', image_data: randomBytes(20_000).toString('base64') };
    return (await this.send('POST', '/v1/upload', body)).status;
  }

  /** Makes a record without bytes. */
  async announce(): Promise<number> {
    return (await this.send('POST', '/v1/images', { filename: 'announced' })).status;
  }

  async isRight({ url, bytes }: Stored): Promise<boolean> {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) });
      return answer.ok && Buffer.from(await answer.arrayBuffer()).equals(bytes);
    } catch {
      return false;
    }
  }

  async mustRead([first]: readonly Stored[]): Promise<void> {
    if (!first || !(await this.isRight(first))) throw new Error('a file cannot be read');
    await this.json(`/v1/images/${first.id}`);
  }

  async delete(image: Stored | undefined): Promise<number> {
    return (await this.send('DELETE', `/v1/images/${image?.id}`)).status;
  }

  async mustDelete(image: Stored | undefined): Promise<void> {
    const status = await this.delete(image);
    // 404: it was deleted by a request whose answer was lost.
    if (![200, 204, 404].includes(status)) throw new Error(`a deletion was answered with ${status}`);
  }

  async mustBeWell(): Promise<void> {
    const { status } = z.object({ status: z.string() }).parse(await this.json('/health/ready'));
    if (status !== 'ok') throw new Error(`readiness says ${status}`);
  }

  async status(method: string, target: string): Promise<number> {
    return (await this.send(method, target)).status;
  }

  async json(target: string): Promise<unknown> {
    const answer = await this.send('GET', target);
    if (!answer.ok) throw new Error(`GET ${target} was answered with ${answer.status}`);
    return answer.json();
  }

  private send(method: string, target: string, body?: object): Promise<Response> {
    return fetch(`${this.stack.url}${target}`, {
      method,
      headers: { Authorization: `Bearer ${this.stack.ownerKey}`, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(30_000),
    });
  }
}
