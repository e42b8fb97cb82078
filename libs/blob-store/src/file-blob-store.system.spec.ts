import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { FileBlobStore } from './file-blob-store.js';

/** What only the kernel can tell: the real order of system calls, and a file system that is really full. */

interface SystemCall {
  readonly name: string;
  readonly text: string;
  readonly began: number;
  ended: number;
}

/** Pairs the "unfinished" and "resumed" lines of `strace -f`; began and ended are line numbers. */
function parseTrace(trace: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, SystemCall>();
  trace.split('\n').forEach((line, at) => {
    const [, pid = '', resumed, name = ''] = /^(\d+)\s+(<\.\.\. )?(\w+)/.exec(line) ?? [];
    if (resumed) {
      const call = unfinished.get(pid);
      if (call) call.ended = at;
    } else if (name) {
      const call = { name, text: line, began: at, ended: at };
      calls.push(call);
      if (line.endsWith('<unfinished ...>')) unfinished.set(pid, { ...call, ended: Number.POSITIVE_INFINITY });
      if (line.endsWith('<unfinished ...>')) calls[calls.length - 1] = unfinished.get(pid) ?? call;
    }
  });
  return calls;
}

const CHILD = `
  import { FileBlobStore } from './file-blob-store.ts';
  const store = await FileBlobStore.open(process.argv[2] ?? '');
  for (let each = 0; each < Number(process.argv[3]); each += 1) {
    const { sha256 } = await store.put('a', 'w', Buffer.from('blob ' + each), { maxBytes: 100 });
    process.stdout.write('acknowledged ' + sha256 + '\\n');
  }
`;

function tracePuts(directory: string, puts: number): SystemCall[] {
  const script = join(directory, 'child.mjs');
  const esbuild = createRequire(import.meta.url).resolve('esbuild/bin/esbuild');
  const options = [
    '--bundle',
    '--platform=node',
    '--format=esm',
    '--conditions=@pentaprism/source',
    '--loader=ts',
    '--log-level=error',
  ];
  execFileSync(process.execPath, [esbuild, ...options, `--outfile=${script}`], {
    cwd: import.meta.dirname,
    input: CHILD,
  });
  const trace = join(directory, 'trace');
  const calls = 'trace=write,pwrite64,writev,pwritev,fdatasync,fsync,rename,renameat,renameat2';
  const node = [process.execPath, script, join(directory, 'root'), String(puts)];
  execFileSync('strace', ['-f', '-y', '-s', '200', '-e', calls, '-o', trace, ...node]);
  return parseTrace(readFileSync(trace, 'utf8'));
}

const straceRuns = spawnSync('strace', ['-f', '-y', '-e', 'trace=fsync', 'true']).status === 0;

describe('FileBlobStore under strace', () => {
  const traced = straceRuns ? it : it.skip;
  traced(
    `each call ends before the next begins: write, fdatasync, rename, fsync, answer${straceRuns ? '' : ' (no strace here)'}`,
    () => {
      const directory = mkdtempSync(join(tmpdir(), 'blob-store-'));
      try {
        const calls = tracePuts(directory, 30);
        const renames = calls.filter(({ name, text }) => name.startsWith('rename') && text.includes('/root/tmp/'));
        expect(renames).toHaveLength(30);
        for (const rename of renames) {
          const [, temporary = '', leaf = '', sha256 = ''] =
            /"([^"]+)".*"([^"]+)\/([0-9a-f]{64})"/.exec(rename.text) ?? [];
          const find = (name: RegExp, text: string) =>
            calls.filter((call) => name.test(call.name) && call.text.includes(text));
          const order = [
            ...find(/write/, `<${temporary}>`),
            ...find(/^fdatasync$/, `<${temporary}>`),
            rename,
            ...find(/^fsync$/, `<${leaf}>`),
            ...find(/write/, `acknowledged ${sha256}`),
          ];
          expect(order.map(({ name }) => name.replace(/.*write.*/, 'write').replace(/^rename.*/, 'rename'))).toEqual([
            ...['write', 'fdatasync', 'rename', 'fsync', 'write'],
          ]);
          order.slice(1).forEach((call, index) => expect(call.began).toBeGreaterThan(order[index]?.ended ?? Infinity));
        }
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
    60_000,
  );
});

const mountPoint = mkdtempSync(join(tmpdir(), 'blob-store-full-'));
const mounts = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mountPoint]).status === 0;
if (mounts) spawnSync('umount', [mountPoint]);
rmSync(mountPoint, { recursive: true });

describe('FileBlobStore on a full file system', () => {
  const mounted = mounts ? it : it.skip;
  mounted(
    `answers STORAGE_FULL, leaves nothing, and works on${mounts ? '' : ' (mount is not allowed here)'}`,
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'blob-store-full-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]);
      try {
        const store = await FileBlobStore.open(directory, { minFreeBytes: 0 });
        const put = (bytes: number) => store.put('a', 'w', randomBytes(bytes), { maxBytes: 10_000_000 });
        await expect(put(4_000_000)).rejects.toMatchObject({ code: 'STORAGE_FULL', cause: { code: 'ENOSPC' } });
        expect(await readdir(join(directory, 'tmp'))).toEqual([]);
        await put(1_500_000);
        await expect(put(1_000_000)).rejects.toMatchObject({ code: 'STORAGE_FULL' });
        expect(await readdir(join(directory, 'tmp'))).toEqual([]);
        const { key } = await put(1000);
        expect((await store.read(key)).length).toBe(1000);
        const careful = await FileBlobStore.open(directory);
        await expect(careful.checkWritable()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
      } finally {
        execFileSync('umount', ['-l', directory]);
        rmSync(directory, { recursive: true });
      }
    },
  );
});
