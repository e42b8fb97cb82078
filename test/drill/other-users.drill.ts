import mongoose from 'mongoose';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { onStack } from './support/on-stack.js';
import { asNobody, whyNotAsNobody, type Attempt, type Seen } from './support/unprivileged.js';

const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const OP_MSG = 2013;

/** Tries to read everything of a running stack as an unprivileged user of the same machine. */
export const otherUsers: Drill = {
  number: 14,
  name: 'other users of the machine',
  goal: 'An unprivileged process gets nothing from mongod, NATS, Valkey, blobs, logs, backups and processes.',
  limitSeconds: 60,
  shares: true,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const skipped = whyNotAsNobody();
  if (skipped) return { did: '', measures: [], examples: [], skipped };
  const data = path.dirname(faulty.blobs);
  await upload(faulty);
  // The directory around it is closed as well in a test; an operator's is open.
  chmodSync(path.dirname(data), 0o755);
  const backup = backUp(data);
  const files = filesBelow(path.dirname(data));
  const pids = processesOf(faulty);
  const reads: Attempt[] = [
    ...[data, ...directoriesBelow(data), path.dirname(backup)].map((each) => attempt('list', each)),
    ...files.map((file) => attempt('read', file)),
    ...pids.flatMap((pid) => ['environ', 'mem', 'maps'].map((name) => attempt('read', `/proc/${pid}/${name}`))),
    ...pids.map((pid) => attempt('list', `/proc/${pid}/fd`)),
  ];
  const commands = [...mongodCommands(faulty), ...natsCommands(faulty), ...valkeyCommands(faulty)];
  const lines = pids.map((pid) => attempt('read', `/proc/${pid}/cmdline`));
  const seen = await asNobody([...reads, ...commands, ...lines]);
  const answers = seen.slice(reads.length, reads.length + commands.length);
  const secrets = secretsIn(data);
  const found = {
    read: seen.slice(0, reads.length).filter(({ answer }) => answer !== undefined && answer !== ''),
    served: answers.filter(({ answer }) => !isRefusal(answer)),
    shown: seen.filter(({ answer = '' }) => secrets.some((secret) => answer.includes(secret))),
  };
  const stillThere = await faulty.database.collection('images').countDocuments();
  context.log(`${seen.length} attempts on ${files.length} files, ${pids.length} processes, three servers`);
  return {
    did: `${reads.length} reads, ${commands.length} commands`,
    measures: [
      none('files, directories and processes read', found.read),
      none('commands served without a password', found.served),
      none('secrets shown', found.shown),
      { what: 'attempts on files of blobs, logs, servers and a backup', worst: files.length, atLeast: 20 },
      { what: 'servers that refused in words', worst: answers.filter(said).length, atLeast: commands.length },
      { what: 'secrets looked for', worst: secrets.length, atLeast: 13 },
      { what: 'images left', worst: stillThere, atLeast: 1 },
    ],
    examples: examplesOf(found),
  };
}

const attempt = (kind: 'read' | 'list', where: string): Attempt => ({ kind, what: `${kind} ${where}`, path: where });

async function upload({ stack, authorization }: FaultyStack): Promise<void> {
  const body = JSON.stringify({ filename: 'secret.png', tags: ['secret'], image_data: PICTURE });
  const headers = { ...authorization, 'content-type': 'application/json' };
  const response = await fetch(`${stack.url}/v1/upload`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`the upload: ${response.status} ${await response.text()}`);
}

/** As the page on operations has it: made under a umask, in a directory of its own. @returns the archive */
function backUp(data: string): string {
  const directory = path.join(path.dirname(data), 'backups');
  mkdirSync(directory, { mode: 0o755 });
  const archive = path.join(directory, 'backup.tgz');
  const made = spawnSync('sh', [
    '-c',
    'umask 077 && tar -C "$1" -czf "$2" blobs secrets owner-key',
    'sh',
    data,
    archive,
  ]);
  if (made.status !== 0) throw new Error(`no backup: ${String(made.stderr)}`);
  chmodSync(directory, 0o700);
  return archive;
}

function filesBelow(directory: string): string[] {
  return below(directory)
    .filter(({ isFile }) => isFile)
    .map(({ place }) => place);
}

function directoriesBelow(directory: string): string[] {
  return below(directory)
    .filter(({ isFile }) => !isFile)
    .map(({ place }) => place);
}

function below(directory: string) {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).map((entry) => ({
    place: path.join(entry.parentPath, entry.name),
    isFile: entry.isFile(),
  }));
}

/** The parts and their children. */
function processesOf({ stack }: FaultyStack): number[] {
  const parts = [...stack.parts.values()].flatMap(({ pid }) => pid ?? []);
  const children = parts.flatMap((pid) => {
    const file = `/proc/${pid}/task/${pid}/children`;
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ').filter(Boolean).map(Number) : [];
  });
  return [...parts, ...children];
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

function mongodCommands({ stack }: FaultyStack): Attempt[] {
  const commands = [
    { listDatabases: 1, $db: 'admin' },
    { find: 'images', $db: 'pentaprism' },
    { find: 'system.users', $db: 'admin' },
    { createUser: 'me', pwd: 'me', roles: ['root'], $db: 'admin' },
    { dropDatabase: 1, $db: 'pentaprism' },
    { getLog: 'global', $db: 'admin' },
    { replSetGetConfig: 1, $db: 'admin' },
    { shutdown: 1, force: true, $db: 'admin' },
  ];
  return commands.map((command) => {
    const body = mongoose.mongo.BSON.serialize(command);
    const header = Buffer.alloc(21);
    header.writeInt32LE(header.length + body.length, 0);
    header.writeInt32LE(1, 4);
    header.writeInt32LE(OP_MSG, 12);
    const bytes = Buffer.concat([header, body]).toString('hex');
    return { kind: 'send', what: `mongod ${Object.keys(command)[0]}`, port: portOf(stack.servers.mongodbUri), bytes };
  });
}

function natsCommands({ stack }: FaultyStack): Attempt[] {
  const key = '{"name":"me","role":"owner"}';
  const users = ['', '"user":"gateway","pass":"",', '"user":"operator","pass":"operator",', '"auth_token":"x",'];
  return users.map((user) => {
    const connect = `CONNECT {${user}"verbose":false,"headers":true,"no_responders":true}\r\n`;
    const words = `${connect}SUB > 1\r\nPUB catalog.v1.api-key.create me ${key.length}\r\n${key}\r\nPING\r\n`;
    const bytes = Buffer.from(words).toString('hex');
    return { kind: 'send', what: `nats ${user}`, port: portOf(stack.servers.natsUrl), bytes };
  });
}

function valkeyCommands({ stack }: FaultyStack): Attempt[] {
  const commands = ['KEYS *', 'CONFIG GET requirepass', 'FLUSHALL', 'INFO', 'EVAL "return 1" 0', 'SHUTDOWN', 'MONITOR'];
  return commands.map((command) => ({
    kind: 'send',
    what: `valkey ${command}`,
    port: portOf(stack.servers.redisUrl),
    bytes: Buffer.from(`${command}\r\n`).toString('hex'),
  }));
}

const REFUSALS = [/requires authentication|Unauthorized/, /-ERR 'Authorization Violation'/, /^-NOAUTH/];

function isRefusal(answer: string | undefined): boolean {
  return answer === undefined || answer === '' || REFUSALS.some((words) => words.test(answer));
}

/** Otherwise a server that was not there would count as one that refuses. */
function said({ answer = '' }: Seen): boolean {
  return REFUSALS.some((words) => words.test(answer));
}

function secretsIn(data: string): string[] {
  const directory = path.join(data, 'secrets');
  const files = [...readdirSync(directory).map((name) => path.join(directory, name))];
  return [...files, path.join(data, 'owner-key'), path.join(data, 'signing-secret')].map((file) =>
    readFileSync(file, 'utf8').trim(),
  );
}
