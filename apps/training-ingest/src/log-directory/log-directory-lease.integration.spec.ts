import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testScope } from '@pentaprism/testing';
import mongoose, { type Connection, type Model } from 'mongoose';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LEASE_MS, LogDirectoryLease, RENEWAL_MS } from './log-directory-lease.js';
import { LOG_DIRECTORY_MODEL, logDirectorySchema, type LogDirectoryDocument } from './log-directory.schema.js';

const scope = testScope('log-directory-lease');
let connection: Connection;
let directories: Model<LogDirectoryDocument>;

beforeAll(async () => {
  mongoose.set('sanitizeFilter', true);
  connection = await mongoose.createConnection(scope.mongodbUri).asPromise();
  directories = connection.model<LogDirectoryDocument>(LOG_DIRECTORY_MODEL, logDirectorySchema);
});
afterAll(async () => {
  await connection.close();
  await scope.cleanUp();
});

const NEW = { identity: '', isHidden: false };
const instance = () => new LogDirectoryLease(directories);
/** Makes a lease end that was taken `LEASE_MS` ago. */
const age = (workspace: string, milliseconds: number) =>
  directories.updateOne({ _id: workspace }, [{ $set: { until: { $subtract: ['$until', milliseconds] } } }], {
    updatePipeline: true,
  });

describe('the lease of a log directory', () => {
  it('is given to one of many instances that ask at once', async () => {
    const workspace = randomUUID();
    const taken = await Promise.all(Array.from({ length: 8 }, () => instance().take(workspace)));
    expect(taken.filter((state) => state !== null)).toEqual([expect.objectContaining(NEW)]);
  });

  it('is renewed by its holder, and refused to others until it ends', async () => {
    const [workspace, holder, other] = [randomUUID(), instance(), instance()];
    await holder.take(workspace);
    await age(workspace, LEASE_MS - 1_500);
    expect(await other.take(workspace)).toBeNull();
    expect(await holder.take(workspace)).toMatchObject(NEW);
    await age(workspace, LEASE_MS - 1_500);
    expect(await other.take(workspace)).toBeNull();
    await age(workspace, 1_500);
    expect(await other.take(workspace)).toMatchObject(NEW);
    expect(await holder.take(workspace)).toBeNull();
  });

  it('passes to another instance within 15 s, even if its holder dies right after a renewal', () => {
    expect(LEASE_MS + RENEWAL_MS).toBeLessThan(15_000);
    expect(3 * RENEWAL_MS).toBeLessThanOrEqual(LEASE_MS);
  });

  it('is free at once when its holder releases it, with what the holder has noted', async () => {
    const [workspace, holder, other] = [randomUUID(), instance(), instance()];
    await holder.take(workspace);
    expect(await holder.note(workspace, { identity: '$x', isHidden: true })).toBe(true);
    await other.release(workspace);
    expect(await other.take(workspace)).toBeNull();
    await holder.release(workspace);
    expect(await other.take(workspace)).toMatchObject({ identity: '$x', isHidden: true });
    expect(await holder.note(workspace, { identity: 'y' })).toBe(false);
    expect(await other.take(workspace)).toMatchObject({ identity: '$x', isHidden: true });
  });

  it('is taken unseen only where it was held, has been free for a while, and the runs are shown', async () => {
    const [workspace, holder, other] = [randomUUID(), instance(), instance()];
    expect(await other.takeUnseen(workspace, 0)).toBe(false);
    await holder.take(workspace);
    expect(await other.takeUnseen(workspace, 0)).toBe(false);
    await holder.release(workspace);
    expect(await other.takeUnseen(workspace, 60_000)).toBe(false);
    await sleep(5);
    expect(await other.takeUnseen(workspace, 1)).toBe(true);
    expect(await holder.take(workspace)).toBeNull();
    await other.note(workspace, { isHidden: true });
    await other.release(workspace);
    expect(await holder.takeUnseen(workspace, 0)).toBe(false);
  });
});
