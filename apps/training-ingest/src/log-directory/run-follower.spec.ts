import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import { createLogger } from '@pentaprism/observability';
import { mkdir, rename, rm } from 'node:fs/promises';
import { DirectoryProblems } from './directory-problems.js';
import { LocalLogTree } from './local-log-tree.js';
import type { LogTree } from './log-tree.js';
import { TestLogDirectory } from './log-tree.fixture.js';
import { QUICK_BYTES } from './reading-queue.js';
import { DirectoryUnseen, RunFollower } from './run-follower.js';
import { MemoryRunRecords } from './run-records.fixture.js';

const FILE = 'events.out.tfevents.1';
const always = () => true;

let logs: TestLogDirectory;
let records: MemoryRunRecords;
let problems: DirectoryProblems;
let follower: RunFollower;

const follow = (tree: LogTree = new LocalLogTree(logs.root)) =>
  new RunFollower(tree, records, records, problems, 'default');
/** Looks, and waits until what was found is read. */
async function look(isTrusted = always): Promise<void> {
  await follower.look(isTrusted);
  await follower.settle();
}

beforeEach(async () => {
  logs = await TestLogDirectory.create();
  records = new MemoryRunRecords();
  problems = new DirectoryProblems(logs.root, createLogger('test', 'silent'));
  follower = follow();
});
afterEach(async () => {
  await follower.stop();
  logs.remove();
});

describe('the follower of a log directory', () => {
  it('reads new runs, new files and appended bytes, and nothing twice', async () => {
    await logs.write(`a/${FILE}`, 'one');
    await look();
    await logs.append(`a/${FILE}`, ' two');
    await logs.write(`b/${FILE}`, 'three');
    await look();
    await logs.write(`a/${FILE}.2`, 'four');
    await look();
    expect(records.shown).toEqual({ a: { [FILE]: 'one two', [`${FILE}.2`]: 'four' }, b: { [FILE]: 'three' } });
    expect(records.bytes).toBe('one two three four'.length - ' '.length * 2);
  });

  it('asks for no run that has not changed', async () => {
    for (const name of ['a', 'b', 'c']) await logs.write(`${name}/${FILE}`, name);
    await look();
    await look();
    await logs.append(`b/${FILE}`, 'b');
    await look();
    expect(records.calls).toEqual([['a', 'b', 'c'], ['b']]);
  });

  it('reads all files of a run that several writers append to in turns', async () => {
    for (const text of ['1', '2', '3']) {
      for (const writer of ['first', 'second']) {
        if (text === '1') await logs.write(`a/${FILE}.${writer}`);
        await logs.append(`a/${FILE}.${writer}`, text);
        await look();
      }
    }
    expect(records.shown['a']).toEqual({ [`${FILE}.first`]: '123', [`${FILE}.second`]: '123' });
  });

  it('shows another identity for a file that was rewritten with the same size', async () => {
    await logs.write(`a/${FILE}`, 'abc');
    await look();
    const [known] = await records.list();
    await logs.write(`a/${FILE}`, 'xyz');
    await look();
    const [after] = await records.list();
    expect(records.calls).toEqual([['a'], ['a']]);
    expect(after?.files[0]?.identity).not.toBe(known?.files[0]?.identity);
  });

  it('makes a run of a directory whose files are not read', async () => {
    await logs.write('a/tfevents.profile-empty');
    await look();
    expect(records.shown).toEqual({ a: {} });
  });

  it('takes the run of a removed directory away, and makes a new one when it is there again', async () => {
    await logs.write(`a/${FILE}`, 'old');
    await logs.write(`b/${FILE}`, 'b');
    await look();
    await rm(logs.at('a'), { recursive: true });
    await look();
    expect(records.shown).toEqual({ b: { [FILE]: 'b' } });
    await logs.write(`a/${FILE}`, 'new');
    await look();
    expect(records.shown).toEqual({ a: { [FILE]: 'new' }, b: { [FILE]: 'b' } });
  });

  it('takes runs away that were removed while no instance followed', async () => {
    await logs.write(`a/${FILE}`, 'a');
    await logs.write(`b/${FILE}`, 'b');
    await look();
    await rm(logs.at('a'), { recursive: true });
    follower = follow();
    await look();
    expect(records.removed).toEqual(['a']);
    expect(records.bytes).toBe(2);
  });

  it('keeps runs in directories that cannot be listed at present', async () => {
    for (const name of ['a', 'a/b', 'ab', 'c']) await logs.write(`${name}/${FILE}`, name);
    await look();
    const tree = new LocalLogTree(logs.root);
    const list = async (signal: AbortSignal) => ({ ...(await tree.list(signal)), runs: [], unlisted: ['a'] });
    follower = follow(Object.assign(Object.create(tree) as LocalLogTree, { list }));
    await look();
    expect(records.removed.sort()).toEqual(['ab', 'c']);
  });

  it('takes nothing away from a directory that is not trusted', async () => {
    await logs.write(`a/${FILE}`, 'a');
    await look();
    await rm(logs.at('a'), { recursive: true });
    expect(await follower.look((listing, known) => listing.runs.length >= known)).toBeNull();
    expect(records.shown).toEqual({ a: { [FILE]: 'a' } });
  });

  it('fails with DirectoryUnseen where there is no directory', async () => {
    await rm(logs.root, { recursive: true });
    await expect(follower.look(always)).rejects.toBeInstanceOf(DirectoryUnseen);
  });

  it('reads small runs while a huge one is being read', async () => {
    await logs.write(`huge/${FILE}`, Buffer.alloc(QUICK_BYTES + 1, 'x'));
    let go: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (go = resolve));
    records.before = (run) => (run === 'huge' ? held : Promise.resolve());
    await follower.look(always);
    await logs.write(`small/${FILE}`, 'small');
    await follower.look(always);
    while (!records.shown['small']) await new Promise(setImmediate);
    expect(Object.keys(records.shown)).toEqual(['small']);
    go();
    await follower.settle();
    expect(Object.keys(records.shown)).toEqual(['small', 'huge']);
  });

  it('waits for the next look while what was read cannot be stored, and then misses nothing', async () => {
    await logs.write(`a/${FILE}`, 'a');
    records.failure = new DomainError('STORAGE_FULL', 'There is too little space.');
    await look();
    await look();
    expect(records.shown).toEqual({});
    expect(records.calls).toHaveLength(2);
    records.failure = undefined;
    await look();
    expect(records.shown).toEqual({ a: { [FILE]: 'a' } });
  });

  it('reads all other runs while one of them cannot be stored, and removes those whose directories are gone', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await logs.write(`${name}/${FILE}`, name);
    records.before = (run) => (run === 'b' ? Promise.reject(new Error('It is too large.')) : Promise.resolve());
    await look();
    expect(Object.keys(records.shown)).toEqual(['a']);
    await rm(logs.at('a'), { recursive: true });
    await look();
    await look();
    expect(Object.keys(records.shown)).toEqual(['c', 'd']);
    expect(records.removed).toEqual(['a']);
    await logs.write(`e/${FILE}`, 'e');
    await look();
    expect(records.calls.slice(-2)).toEqual([['e'], ['b']]);
    records.before = () => Promise.resolve();
    await look();
    expect(Object.keys(records.shown)).toEqual(['c', 'd', 'e', 'b']);
  });

  it('reads the other runs where a file cannot be read, and tries it again at each look', async () => {
    await logs.write(`a/${FILE}`, 'a');
    await logs.write(`b/${FILE}`, 'b');
    records.before = (run) => (run === 'a' ? rename(logs.at('a'), logs.at('away')) : Promise.resolve());
    await look();
    expect(records.shown).toEqual({ a: { [FILE]: '' }, b: { [FILE]: 'b' } });
    records.before = () => Promise.resolve();
    await mkdir(logs.at('a'));
    await rename(logs.at(`away/${FILE}`), logs.at(`a/${FILE}`));
    await look();
    expect(records.shown).toEqual({ a: { [FILE]: 'a' }, b: { [FILE]: 'b' } });
  });

  it('ends a reading that is under way when it is stopped', async () => {
    await logs.write(`huge/${FILE}`, Buffer.alloc(QUICK_BYTES + 1, 'x'));
    let reached: () => void = () => undefined;
    const began = new Promise<void>((resolve) => (reached = resolve));
    records.before = async () => {
      reached();
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    await follower.look(always);
    await began;
    await follower.stop();
    expect(records.bytes).toBe(0);
  });
});
