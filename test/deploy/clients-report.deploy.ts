import { describe, expect, it } from '@jest/globals';
import { clientsReport as report } from '../support/clients-report.js';

const passing = { name: 'a, a.py', seconds: 12.4 };

describe('the closing lines of npm run test:clients', () => {
  it('name each program with what it took', () => {
    expect(report([passing, { name: 'b, b.mjs', seconds: 3 }])).toEqual({
      lines: [
        'passed   a, a.py (12 s)',
        'passed   b, b.mjs (3 s)',
        '2 of 2 programs passed, 0 failed, 0 did not run (15 s)',
      ],
      passed: true,
    });
  });

  it.each([
    [
      { name: 'b, b.py', seconds: 600, failure: 'not done within 600 s' },
      'FAILED   b, b.py after 600 s: not done within 600 s',
    ],
    [{ name: 'b, b.py', skipped: 'no client' }, 'NOT RUN  b, b.py: no client'],
  ])('do not hide %j', (other, line) => {
    const { lines, passed } = report([passing, other]);
    expect(lines).toContain(line);
    expect(lines.at(-1)).toMatch(/^1 of 2 programs passed/);
    expect(passed).toBe(false);
  });

  it('do not count no program at all as success', () => {
    expect(report([]).passed).toBe(false);
  });
});
