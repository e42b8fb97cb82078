import type { Random } from '@pentaprism/domain';
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { forEach } from './support/for-each.js';
import { straceWorks, traceProcess, type SystemCall } from './support/strace.js';
import { onStack } from './support/on-stack.js';

const UPLOADS = 100;
/** At once, so that calls of several uploads lie between one another. */
const CLIENTS = 4;
const CALLS = [
  ...['write', 'pwrite64', 'writev', 'pwritev', 'sendmsg', 'sendto'],
  ...['fdatasync', 'fsync', 'rename', 'renameat', 'renameat2', 'mkdir', 'mkdirat'],
];

interface TracedUpload {
  readonly sha256: string;
  /** The answer carries it, so that its bytes can be found in the trace. */
  readonly requestId: string;
}

/**
 * kill -9 keeps the page cache, so only the order of the calls shows what a power cut would leave: the bytes are durable
 * before they have their name, and the name is before anybody hears of it.
 */
export const fsyncOrder: Drill = {
  number: 4,
  name: 'order of fsync',
  goal: 'The order write, fdatasync, rename, fsync of directories, answer is right in 100 of 100 traced uploads.',
  limitSeconds: 3 * 60,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const { pid } = faulty.part('gateway');
  if (pid === undefined) throw new Error('the gateway does not run');
  if (!straceWorks(pid)) {
    return { did: '', measures: [], examples: [], skipped: 'there is no strace that may attach to a process here' };
  }
  const random = context.random('uploads');
  const wanted = Array.from({ length: context.count(UPLOADS) }, () => ({
    requestId: digits(random, 32),
    bytes: Buffer.from(digits(random, 3000)),
  }));
  const uploads: TracedUpload[] = [];
  const output = path.join(tmpdir(), `pentaprism-drill-${process.pid}.strace`);
  const calls = await traceProcess(pid, CALLS, output, () =>
    forEach(wanted, CLIENTS, async ({ requestId, bytes }, index) => {
      await (index % 2 === 0 ? upload : announceAndPut)(faulty, bytes, requestId);
      uploads.push({ requestId, sha256: createHash('sha256').update(bytes).digest('hex') });
    }),
  ).finally(() => rm(output, { force: true }));
  context.log(`${calls.length} calls traced`);
  const wrong = uploads.flatMap((each) => whatIsWrong(each, calls));
  return {
    did: `${uploads.length} uploads traced, ${calls.length} calls`,
    measures: [{ what: 'uploads in the right order', worst: uploads.length - wrong.length, atLeast: wanted.length }],
    examples: examplesOf({ wrong }),
  };
}

/** @returns one sentence, or nothing */
function whatIsWrong({ sha256, requestId }: TracedUpload, calls: readonly SystemCall[]): string[] {
  const rename = calls.find(({ name, text }) => name.startsWith('rename') && text.includes(sha256));
  const [, temporary = '', target = ''] = /"([^"]+)".*"([^"]+)"/.exec(rename?.text ?? '') ?? [];
  if (!rename || !target.endsWith(sha256)) return [`${sha256}: no rename`];
  const on = (name: RegExp, file: string) =>
    calls.filter((call) => name.test(call.name) && call.text.includes(`<${file}>`));
  const answers = calls.filter(
    ({ name, text }) => /write|send/.test(name) && text.includes(requestId) && text.includes('HTTP/1.1 20'),
  );
  const [answer, second] = answers;
  if (!answer || second) return [`${sha256}: ${answers.length} answers`];
  const writes = on(/write/, temporary);
  const synced = on(/^fdatasync$/, temporary);
  if (writes.length === 0 || synced.length !== 1) return [`${sha256}: ${writes.length} writes, ${synced.length} syncs`];
  // The entry of the file itself, and that of each directory that was made for it.
  const made = calls.filter(
    ({ name, text, ended }) => name.startsWith('mkdir') && ended < rename.began && / = 0$/.test(text),
  );
  const newDirectories = made
    .map(({ text }) => /"([^"]+)"/.exec(text)?.[1] ?? '')
    .filter((each) => target.startsWith(`${each}/`));
  const entries = [path.dirname(target), ...newDirectories.map((each) => path.dirname(each))];
  const durable = (directory: string) =>
    on(/^fsync$/, directory).some(({ began, ended }) => began > entryMade(directory) && ended < answer.began);
  const entryMade = (directory: string) => (directory === path.dirname(target) ? rename.ended : 0);
  const steps: [string, boolean][] = [
    ['fdatasync after the last write', writes.every(({ ended }) => ended < (synced[0]?.began ?? 0))],
    ['rename after fdatasync', (synced[0]?.ended ?? Infinity) < rename.began],
    ['fsync of every directory between rename and answer', entries.every(durable)],
  ];
  const broken = steps.filter(([, right]) => !right).map(([step]) => step);
  return broken.length === 0 ? [] : [`${sha256}: not ${broken.join(', not ')}`];
}

async function upload(faulty: FaultyStack, bytes: Buffer, requestId: string): Promise<void> {
  const body = JSON.stringify({ filename: requestId, image_data: bytes.toString('base64') });
  await send(faulty, '/v1/upload', 'POST', body, requestId);
}

async function announceAndPut(faulty: FaultyStack, bytes: Buffer, requestId: string): Promise<void> {
  const text = await send(faulty, '/v1/images', 'POST', JSON.stringify({ filename: requestId }), '0'.repeat(31) + '1');
  const { upload_url } = z.object({ upload_url: z.string() }).parse(JSON.parse(text));
  await send(faulty, upload_url, 'PUT', new Uint8Array(bytes), requestId);
}

async function send(
  { stack, authorization }: FaultyStack,
  url: string,
  method: string,
  body: string | Uint8Array<ArrayBuffer>,
  requestId: string,
): Promise<string> {
  const response = await fetch(new URL(url, stack.url), {
    method,
    body,
    headers: {
      ...authorization,
      'Content-Type': 'application/json',
      traceparent: `00-${requestId}-${'1'.repeat(16)}-01`,
    },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text;
}

/** Hexadecimal digits; never zeros only. */
function digits(random: Random, length: number): string {
  return Array.from({ length }, () => Math.floor(1 + random() * 15).toString(16)).join('');
}
