import { CLEAN_SETTINGS, createTemporaryDirectory, startStack, type RunningStack } from '@pentaprism/local';
import { eventually } from '@pentaprism/testing';
import mongoose from 'mongoose';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { forEach } from './support/for-each.js';
import { MIB, SmallDisk } from './support/small-disk.js';
import { SmallDiskClient, type Stored } from './support/small-disk-client.js';

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
    'is lost, no app ends, and everything works again without a hand, also what was killed and what was started meanwhile.',
  limitSeconds: 12 * 60,
  run: async (context) => {
    const directory = createTemporaryDirectory();
    mkdirSync(directory.path, { mode: 0o700 });
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', directory.path]);
    if (mounted.status !== 0) {
      directory.remove();
      return { did: '', measures: [], examples: [], skipped: 'no file system may be mounted here' };
    }
    try {
      return await new FullDisk(directory.path, context).run();
    } finally {
      execFileSync('umount', ['-l', directory.path]);
      directory.remove();
    }
  },
};

class FullDisk {
  private readonly disk: SmallDisk;
  private readonly stored: Stored[] = [];
  private readonly wrong: string[] = [];
  private readonly unreadable: string[] = [];
  private readonly ended: string[] = [];
  private readonly notes: string[] = [];
  private stack!: RunningStack;
  private client!: SmallDiskClient;

  constructor(
    private readonly directory: string,
    private readonly context: DrillContext,
  ) {
    this.disk = new SmallDisk(directory);
  }

  async run(): Promise<DrillResult> {
    const wanted = Array.from({ length: Math.max(20, this.context.count(UPLOADS)) });
    try {
      await this.start();
      await forEach(wanted, CLIENTS, () => this.store());
      const victims = this.stored.splice(0, 3);
      await this.belowTheFloors(victims[0]);
      const deletedMs = await this.without(victims[1]);
      const freedMs = await this.free();
      await this.expect('a deletion afterwards', this.client.delete(victims[2]), 204);
      await forEach(wanted.slice(0, 10), CLIENTS, () => this.store());
      await this.readAll('afterwards');
      this.noteEnded();
      const killedMs = await this.killWhileFull();
      await this.startWithReserve();
      const startedMs = await this.startWithout();
      const gone = [...this.stack.parts.values()].filter(({ state }) => state !== 'running').map(({ name }) => name);
      return {
        did: `${this.stored.length} uploads on a disk of ${DISK_MIB} MiB`,
        measures: [
          { what: 'uploads acknowledged', worst: this.stored.length, atLeast: wanted.length },
          none('wrong answers', this.wrong),
          none('acknowledged and not readable', this.unreadable),
          none('apps that ended', this.ended),
          none('parts that do not run in the end', gone),
          { what: 'deleting on a full disk', worst: deletedMs, atMost: BACK_WITHIN_MS, unit: 'ms' },
          { what: 'storing after there was space', worst: freedMs, atMost: BACK_WITHIN_MS, unit: 'ms' },
          { what: 'well after kills on a full disk', worst: killedMs, atMost: BACK_WITHIN_MS, unit: 'ms' },
          { what: 'well after a start on a full disk', worst: startedMs, atMost: BACK_WITHIN_MS, unit: 'ms' },
        ],
        examples: examplesOf({ wrong: this.wrong, unreadable: this.unreadable, ended: this.ended }),
      };
    } finally {
      await this.stack?.stop();
    }
  }

  private async start(signal?: AbortSignal): Promise<void> {
    this.notes.length = 0;
    this.stack = await startStack({
      dataDirectory: this.directory,
      port: 0,
      env: ENVIRONMENT,
      observer: { part: () => undefined, note: (text) => void this.notes.push(text) },
      ...(signal ? { signal } : {}),
    });
    this.client = new SmallDiskClient(this.stack);
  }

  private async store(): Promise<void> {
    this.stored.push(await this.client.upload());
  }

  private async expect(what: string, asked: Promise<number>, ...statuses: number[]): Promise<void> {
    const status = await asked;
    if (!statuses.includes(status)) this.wrong.push(`${what}: ${status}`);
  }

  private readAll(when: string): Promise<void> {
    return forEach(this.stored, CLIENTS, async (each) => {
      if (!(await this.client.isRight(each))) this.unreadable.push(`${when}: ${each.id}`);
    });
  }

  private fill(left: number): void {
    this.disk.fillUpTo(left);
    this.context.log(`${Math.round(this.disk.free / MIB)} MiB are free`);
  }

  private async belowTheFloors(victim: Stored | undefined): Promise<void> {
    const { client, expect } = { client: this.client, expect: this.expect.bind(this) };
    this.fill((BLOB_FLOOR + RECORD_FLOOR) / 2);
    await sleep(1500);
    await expect('an upload below the floor', client.tryUpload(), 507);
    await expect('readiness below the floor', client.status('GET', '/health/ready'), 200);
    const { status } = z.object({ status: z.string() }).parse(await client.json('/health/ready'));
    if (status !== 'degraded') this.wrong.push(`readiness below the floor says ${status}`);
    await expect('a record below the floor of blobs', client.announce(), 201);
    await this.readAll('below the floor of blobs');

    this.fill(RECORD_FLOOR / 2);
    await sleep(1500);
    await expect('a record below the floor of records', client.announce(), 507);
    await expect('a deletion below the floor of records', client.delete(victim), 204);
    await this.readAll('below the floor of records');
  }

  /** Reads and deletes while no byte is free. MongoDB may have ended, and is started again with the launcher's reserve. */
  private async without(victim: Stored | undefined): Promise<number> {
    this.fill(0);
    await sleep(FULL_MS);
    await this.expect('an upload on a full disk', this.client.tryUpload(), 507, 503, 504);
    await this.back(() => this.client.mustRead(this.stored));
    await this.readAll('on a full disk');
    return this.back(() => this.client.mustDelete(victim));
  }

  /** Frees the disk. Returns the milliseconds until an upload succeeds and the system says that it is well. */
  private async free(): Promise<number> {
    this.disk.empty();
    const storedMs = await this.back(() => this.store());
    return storedMs + (await this.back(() => this.client.mustBeWell()));
  }

  /** Nothing that is killed while no byte is free stays away when there is space again, and NATS takes facts again. */
  private async killWhileFull(): Promise<number> {
    this.fill(0);
    await sleep(FULL_MS);
    // The launcher has given up its reserve by now.
    this.fill(0);
    for (const name of ['tagging', 'nats-server', 'valkey-server']) this.stack.parts.get(name)?.kill('SIGKILL');
    await sleep(FULL_MS);
    const milliseconds = (await this.free()) + (await this.back(() => this.mustSendFacts()));
    await this.readAll('after kills on a full disk');
    return milliseconds;
  }

  /** Starts on a full disk, where the launcher still has its reserve: reads are served, and the start says that it is full. */
  private async startWithReserve(): Promise<void> {
    await this.back(() => this.mustHaveReserve());
    await this.stack.stop();
    this.fill(0);
    await this.start();
    if (this.stack.degraded.length === 0) this.wrong.push('a start on a full disk is not degraded');
    this.expectNote();
    await this.readAll('after a start on a full disk');
    await this.expect('an upload after a start on a full disk', this.client.tryUpload(), 507, 503, 504);
  }

  /** Starts on a full disk where nothing is in reserve, and frees it while the start goes on. */
  private async startWithout(): Promise<number> {
    await this.stack.stop();
    this.fill(0);
    const starting = this.start();
    await Promise.race([starting, sleep(2 * FULL_MS)]);
    this.expectNote();
    const began = performance.now();
    this.disk.empty();
    await starting;
    await this.back(() => this.store());
    await this.back(() => this.client.mustBeWell());
    await this.back(() => this.mustSendFacts());
    const milliseconds = Math.round(performance.now() - began);
    await this.readAll('after a start without space');
    return milliseconds;
  }

  private expectNote(): void {
    if (!this.notes.some((note) => /disk of .* is full.*free at least/s.test(note)))
      this.wrong.push(`a start on a full disk says nothing of it: ${this.notes.join(' ')}`);
  }

  private mustHaveReserve(): Promise<void> {
    if (!existsSync(path.join(this.directory, 'reserve'))) throw new Error('there is no reserve');
    return Promise.resolve();
  }

  /** What the catalog has to tell goes through a stream of NATS, and leaves its outbox then. */
  private async mustSendFacts(): Promise<void> {
    const database = await mongoose.createConnection(this.stack.servers.mongodbUri).asPromise();
    try {
      const waiting = await database.collection('catalog_outbox').countDocuments();
      if (waiting > 0) throw new Error(`${waiting} facts have not been sent`);
    } finally {
      await database.close();
    }
  }

  private noteEnded(): void {
    const ended = [...this.stack.parts.values()].filter(({ name, crashes }) => crashes > 0 && !SERVERS.has(name));
    this.ended.push(...ended.map(({ name }) => name));
  }

  /** Returns the milliseconds until it works. */
  private async back(work: () => Promise<unknown>): Promise<number> {
    const began = performance.now();
    await eventually(work, { timeoutMs: BACK_WITHIN_MS, everyMs: 500 });
    return Math.round(performance.now() - began);
  }
}
