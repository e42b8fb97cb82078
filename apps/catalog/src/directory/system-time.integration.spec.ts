import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Bus } from '@pentaprism/bus';
import { DatabaseTime } from '@pentaprism/database';
import { adoptSystemTime, systemNow } from '@pentaprism/domain';
import { SystemClock } from '@pentaprism/service';
import { testScope } from '@pentaprism/testing';
import mongoose from 'mongoose';
import { setClock, startCatalog, type StartedCatalog } from '../catalog.fixture.js';

/** Milliseconds. Far more than a test takes, and far less than the clocks are wrong by. */
const NEAR_MS = 600_000;

const scope = testScope('system-time');
let catalog: StartedCatalog;
let clock: SystemClock;

beforeAll(async () => {
  catalog = await startCatalog(scope);
});
afterEach(() => {
  clock.onModuleDestroy();
  jest.useRealTimers();
  adoptSystemTime(Date.now(), 0);
});
afterAll(() => catalog.stop());

describe.each([-7_200_000, 7_200_000])('the system time of an app whose clock is wrong by %i ms', (skew) => {
  const differenceAfterStart = async (database?: DatabaseTime) => {
    const right = Date.now();
    setClock(right + skew);
    clock = new SystemClock(catalog.app.get(Bus), scope.logger, database);
    await clock.start();
    return Math.abs(systemNow() - right);
  };

  it('is that of MongoDB in a service', async () => {
    expect(await differenceAfterStart(catalog.app.get(DatabaseTime))).toBeLessThan(NEAR_MS);
    expect(clock.isCompared).toBe(true);
  });

  it('is that of MongoDB in an app without a database, which asks the catalog', async () => {
    expect(await differenceAfterStart()).toBeLessThan(NEAR_MS);
    expect(clock.isCompared).toBe(true);
  });

  it('is that of its own clock as long as MongoDB has not answered', async () => {
    const silent = new DatabaseTime(mongoose.createConnection());
    expect(await differenceAfterStart(silent)).toBeGreaterThan(NEAR_MS);
    expect(clock.isCompared).toBe(false);
  });
});
