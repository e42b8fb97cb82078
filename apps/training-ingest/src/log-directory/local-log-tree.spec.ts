import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { TestLogDirectory } from './log-tree.fixture.js';
import { LocalLogTree } from './local-log-tree.js';
import { FileReplaced, LISTING_LIMITS, type TreeListing } from './log-tree.js';

const NEVER = new AbortController().signal;
const RECORDS = 'events.out.tfevents.1';

let logs: TestLogDirectory;
let tree: LocalLogTree;
const list = (limits = LISTING_LIMITS): Promise<TreeListing> => new LocalLogTree(logs.root, limits).list(NEVER);
const runsOf = ({ runs }: TreeListing) =>
  Object.fromEntries(runs.map((run) => [run.name, run.files.map(({ name }) => name)]));

beforeEach(async () => {
  logs = await TestLogDirectory.create();
  tree = new LocalLogTree(logs.root);
});
afterEach(() => logs.remove());

describe('the listing of a log directory', () => {
  it('makes a run of every directory that directly holds an event file, with the log directory itself as "."', async () => {
    for (const name of [RECORDS, `a/${RECORDS}`, `a/b/c/${RECORDS}`, 'notes/readme.txt', 'd/my.tfevents.v2']) {
      await logs.write(name);
    }
    const listing = await list();
    expect(runsOf(listing)).toEqual({ '.': [RECORDS], a: [RECORDS], d: ['my.tfevents.v2'], 'a/b/c': [RECORDS] });
    expect(listing.problems).toEqual([]);
  });

  it('sorts files by the bytes of their names', async () => {
    const names = ['tfevents.9', 'tfevents.10', 'a.tfevents', 'B.tfevents', 'tfevents.\u{ff5e}', 'tfevents.\u{1f600}'];
    for (const name of names) await logs.write(`run/${name}`);
    const expected = [
      'B.tfevents',
      'a.tfevents',
      'tfevents.10',
      'tfevents.9',
      'tfevents.\u{ff5e}',
      'tfevents.\u{1f600}',
    ];
    expect(runsOf(await list())).toEqual({ run: expected });
  });

  it('follows links to files and directories', async () => {
    await logs.write(`../elsewhere/${RECORDS}`, 'abc');
    await logs.link('linked', '../elsewhere');
    await logs.link('file/linked.tfevents', `../../elsewhere/${RECORDS}`);
    expect(runsOf(await list())).toEqual({ linked: [RECORDS], file: ['linked.tfevents'] });
  });

  it('never enters a directory below itself', async () => {
    await logs.write(`a/${RECORDS}`);
    await logs.write(`b/${RECORDS}`);
    await logs.link('a/self', '.');
    await logs.link('a/up', '..');
    await logs.link('a/b', '../b');
    await logs.link('b/a', '../a');
    await logs.link('loop', 'loop');
    const listing = await list();
    expect(runsOf(listing)).toEqual({ a: [RECORDS], b: [RECORDS], 'a/b': [RECORDS], 'b/a': [RECORDS] });
    expect(listing.problems).toEqual([]);
  });

  it('counts regular files only: no pipes, no devices, no links to nothing', async () => {
    await logs.makePipe('pipe/tfevents.pipe');
    await logs.link('device/tfevents.device', '/dev/zero');
    await logs.link('dangling/tfevents.gone', 'nothing');
    await logs.makePipe(`mixed/tfevents.pipe`);
    await logs.write(`mixed/${RECORDS}`);
    expect(runsOf(await list())).toEqual({ mixed: [RECORDS] });
  });

  it('lists a directory whose name holds "tfevents" as a directory', async () => {
    await logs.write(`run/dir.tfevents/${RECORDS}`);
    await logs.write(`run/${RECORDS}`);
    expect(runsOf(await list())).toEqual({ run: [RECORDS], 'run/dir.tfevents': [RECORDS] });
  });

  it('makes a run of a ".profile-empty" file, which is not read', async () => {
    await logs.write('profiled/events.out.tfevents.1.profile-empty');
    expect(runsOf(await list())).toEqual({ profiled: [] });
  });

  it('leaves out names that are not UTF-8, with a problem for each that could count', async () => {
    await logs.writeBytes('run', Buffer.from([...Buffer.from('tfevents.'), 0xff]));
    await logs.writeBytes('run', Buffer.from([0xfe]));
    await logs.write(`run/${RECORDS}`);
    const listing = await list();
    expect(runsOf(listing)).toEqual({ run: [RECORDS] });
    expect(listing.problems).toEqual([{ kind: 'name', text: 'run/tfevents.\u{fffd}: not UTF-8' }]);
  });

  it.each([
    ['depth', { depth: 1 }, { '.': 1, a: 1, b: 1 }],
    ['runs', { runs: 2 }, { '.': 1, a: 1 }],
    ['directories', { directories: 3 }, { '.': 1, a: 1, b: 1 }],
    ['files', { files: 2 }, { '.': 1, a: 1, b: 0, 'b/c': 0 }],
  ])('goes on with a problem at the limit of %s', async (limit, limits, expected) => {
    for (const name of [RECORDS, `b/${RECORDS}`, `a/${RECORDS}`, `b/c/${RECORDS}`]) await logs.write(name);
    const listing = await list({ ...LISTING_LIMITS, ...limits });
    expect(Object.fromEntries(listing.runs.map(({ name, files }) => [name, files.length]))).toEqual(expected);
    expect(listing.problems).toEqual([{ kind: 'limit', text: expect.stringContaining(`the limit of ${limit} is`) }]);
  });

  it('shows sizes, identities that a rename keeps, and versions that a write changes', async () => {
    await logs.write('run/a.tfevents', 'abc');
    const [before] = (await list()).runs;
    await rename(logs.at('run/a.tfevents'), logs.at('run/b.tfevents'));
    await writeFile(logs.at('run/b.tfevents'), 'xyz');
    const [after] = (await list()).runs;
    expect(after?.files).toEqual([{ ...before?.files[0], name: 'b.tfevents', version: expect.any(String) }]);
    expect(after?.files[0]).toMatchObject({ size: 3 });
    expect(after?.files[0]?.version).not.toBe(before?.files[0]?.version);
  });

  it('has another identity when another directory took the place of the root', async () => {
    const before = await list();
    expect((await list()).identity).toBe(before.identity);
    await rename(logs.root, `${logs.root}.old`);
    await mkdir(logs.root);
    expect((await list()).identity).not.toBe(before.identity);
  });

  it('fails where the root is missing or is not a directory', async () => {
    await rm(logs.root, { recursive: true });
    await expect(list()).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(logs.root, '');
    await expect(list()).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('names directories that cannot be listed', async () => {
    const long = (letter: string) => Array.from({ length: 9 }, () => letter.repeat(250)).join('/');
    await logs.write(`open/${RECORDS}`);
    await logs.write(`${long('a')}/${RECORDS}`);
    await logs.write(`../apart/${long('b')}/${RECORDS}`);
    // Together, their path is too long for the system.
    const inner = logs.at(`${long('a')}/inner`);
    await rename(logs.at('../apart'), inner);
    const listing = await list();
    await rename(inner, logs.at('../apart'));
    expect(Object.keys(runsOf(listing))).toEqual(['open', long('a')]);
    expect(listing.unlisted).toEqual([expect.stringMatching(/^a+\/.*\/b+$/)]);
    expect(listing.problems).toEqual([{ kind: 'unreadable', text: expect.stringMatching(/b: ENAMETOOLONG$/) }]);
  });

  it('stops when its caller does', async () => {
    await logs.write(`a/${RECORDS}`);
    await expect(tree.list(AbortSignal.abort(new Error('over')))).rejects.toThrow('over');
  });
});

describe('the reading of a log directory', () => {
  const read = async (offset: number) => {
    const [run] = (await list()).runs;
    const [file] = run?.files ?? [];
    if (!run || !file) throw new Error('there is no file');
    return { read: () => buffer(tree.read(run.name, file, offset)) };
  };

  it('returns the bytes from an offset up to the present end, also those appended since the listing', async () => {
    const large = Buffer.alloc(3 * 2 ** 20 + 5, 'abcdefg');
    await logs.write('run/a.tfevents', large);
    const later = await read(2 ** 20 + 1);
    await logs.append('run/a.tfevents', 'appended');
    expect(Buffer.concat([large.subarray(2 ** 20 + 1), Buffer.from('appended')]).equals(await later.read())).toBe(true);
    expect(await (await read(large.length + 100)).read()).toHaveLength(0);
  });

  it('reads files of the log directory itself', async () => {
    await logs.write(RECORDS, 'abc');
    expect((await (await read(1)).read()).toString()).toBe('bc');
  });

  it('fails at once where a pipe or another file took the place of the file', async () => {
    await logs.write('run/a.tfevents', 'abc');
    const later = await read(0);
    // Before the removal, because the system may give the number of the removed file to the next one.
    await logs.write('run/b.tfevents', 'abc');
    await rm(logs.at('run/a.tfevents'));
    await expect(later.read()).rejects.toBeInstanceOf(FileReplaced);
    await logs.makePipe('run/a.tfevents');
    await expect(later.read()).rejects.toBeInstanceOf(FileReplaced);
    await rm(logs.at('run/a.tfevents'));
    await rename(logs.at('run/b.tfevents'), logs.at('run/a.tfevents'));
    await expect(later.read()).rejects.toBeInstanceOf(FileReplaced);
  });

  it('fails if its place is replaced while it is listed', async () => {
    const logs = await TestLogDirectory.create();
    const tree = new LocalLogTree(logs.root);
    const identify = tree.identify.bind(tree);
    let calls = 0;
    tree.identify = async () => `${await identify()} ${++calls}`;
    await expect(tree.list(new AbortController().signal)).rejects.toThrow('was replaced while it was listed');
    logs.remove();
  });
});
