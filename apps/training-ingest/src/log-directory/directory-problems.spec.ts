import { afterEach, describe, expect, it } from '@jest/globals';
import { metrics, type Logger } from '@pentaprism/observability';
import { DirectoryProblems, type DirectoryProblemKind } from './directory-problems.js';

function withLog() {
  const lines: unknown[] = [];
  const note = (details: object) => lines.push(details);
  const problems = new DirectoryProblems('/logs', { warn: note, info: note } as unknown as Logger);
  return { lines, problems };
}

async function counted(kind: DirectoryProblemKind): Promise<number | undefined> {
  const { values } = await metrics.logDirectoryProblems.get();
  return values.find(({ labels }) => labels.kind === kind)?.value;
}

describe('problems of a log directory', () => {
  afterEach(() => metrics.logDirectoryProblems.reset());

  it('are logged once, and again when they return', () => {
    const { lines, problems } = withLog();
    for (const texts of [['a'], ['a'], ['a', 'b'], [], ['a']]) problems.set('name', texts);
    const line = (problem: string) => ({ place: '/logs', kind: 'name', problem });
    expect(lines).toEqual([line('a'), line('b'), { place: '/logs', kind: 'name' }, line('a')]);
  });

  it('are limited to some lines of the log', () => {
    const { lines, problems } = withLog();
    problems.set(
      'name',
      Array.from({ length: 5000 }, (_, i) => String(i)),
    );
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toEqual({ place: '/logs', kind: 'name', more: 4980 });
  });

  it('are counted as a metric, from all that find them', async () => {
    const { problems } = withLog();
    problems.set('waiting', ['STORAGE_FULL'], 'quick');
    problems.set('waiting', ['STORAGE_FULL'], 'slow');
    problems.set('unreadable', ['a', 'b']);
    expect([await counted('waiting'), await counted('unreadable')]).toEqual([2, 2]);
    problems.set('waiting', [], 'slow');
    expect(await counted('waiting')).toBe(1);
    problems.clear();
    expect([await counted('waiting'), await counted('unreadable')]).toEqual([0, 0]);
  });
});
