import { CLEAN_SETTINGS, createTemporaryDirectory, startStack, type Part, type RunningStack } from '@pentaprism/local';
import { eventually } from '@pentaprism/testing';
import mongoose from 'mongoose';
import path from 'node:path';

/** Milliseconds until the system has to be ready again after a part was killed, without help. */
export const READY_WITHIN_MS = 20_000;
/** Milliseconds until a part that does not return fails the drill. A busy machine is late, which the drills measure. */
const GIVEN_UP_AFTER_MS = 180_000;

/** A system of the suite's own, whose parts it kills. */
export interface FaultyStack {
  readonly stack: RunningStack;
  readonly authorization: { readonly Authorization: string };
  /** Root of the blob store. */
  readonly blobs: string;
  /** For what no API shows: the job ledger and the outboxes. Reconnects by itself. */
  readonly database: mongoose.Connection;
  part(name: string): Part;
  /** Ends the process with SIGKILL, at once. */
  kill(name: string): void;
  /** Resolves when `name` runs again and the gateway says that everything is well. */
  recovered(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param settings of its apps, beside the defaults */
export async function startFaultyStack(settings: Readonly<Record<string, string>> = {}): Promise<FaultyStack> {
  const directory = createTemporaryDirectory();
  const stack = await startStack({
    dataDirectory: directory.path,
    port: 0,
    env: { ...CLEAN_SETTINGS, ...settings },
    natsOperator: true,
  }).catch((error: unknown) => {
    directory.remove();
    throw error;
  });
  // jest ends at once when it is interrupted, without `afterAll`.
  const end = () => {
    stack.kill();
    directory.remove();
  };
  process.once('exit', end);
  const database = await mongoose.createConnection(stack.servers.mongodbUri).asPromise();
  const part = (name: string): Part => {
    const found = stack.parts.get(name);
    if (!found) throw new Error(`the stack has no part called ${name}`);
    return found;
  };
  return {
    stack,
    authorization: { Authorization: `Bearer ${stack.ownerKey}` },
    blobs: path.join(directory.path, 'blobs'),
    database,
    part,
    kill: (name) => {
      if (!part(name).kill('SIGKILL')) throw new Error(`${name} does not run`);
    },
    recovered: async (name) => {
      await part(name).waitUntilRunning(GIVEN_UP_AFTER_MS);
      await eventually(() => assertReady(stack.url), { timeoutMs: GIVEN_UP_AFTER_MS, everyMs: 100 });
    },
    stop: async () => {
      await database.close();
      await stack.stop();
      process.off('exit', end);
      directory.remove();
    },
  };
}

async function assertReady(url: string): Promise<void> {
  const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5000) });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`not ready: ${body}`);
}
