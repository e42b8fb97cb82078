import { describe, expect, it } from '@jest/globals';
import { FairTurns } from './fair-turns.js';

const none = new Map<string, number>();

/** Gives one place to whoever's turn it is, `turns` times, and counts the turns of each. */
function serve(fair: FairTurns, turns: number, lengths: Readonly<Record<string, number>>): Record<string, number> {
  const had: Record<string, number> = {};
  for (let i = 0; i < turns; i++) {
    const [key = ''] = fair.order(Object.keys(lengths), none);
    fair.begin(key);
    fair.charge(key, lengths[key] ?? 0);
    had[key] = (had[key] ?? 0) + 1;
  }
  return had;
}

describe('turns', () => {
  it('go round among keys whose work is alike', () => {
    expect(serve(new FairTurns(), 300, { a: 1, b: 1, c: 1 })).toEqual({ a: 100, b: 100, c: 100 });
    expect(serve(new FairTurns(), 300, { a: 0, b: 0, c: 0 })).toEqual({ a: 100, b: 100, c: 100 });
  });

  it('give equal time to many short and few long pieces of work', () => {
    const had = serve(new FairTurns(), 1010, { short: 0.1, long: 10 });
    expect(had['long']).toBeGreaterThanOrEqual(9);
    expect(had['long']).toBeLessThanOrEqual(11);
  });

  it('go to the key that runs the least', () => {
    const fair = new FairTurns();
    fair.charge('b', 100);
    expect(fair.order(['a', 'b'], new Map([['a', 1]]))).toEqual(['b', 'a']);
    expect(fair.order(['a', 'b'], none)).toEqual(['a', 'b']);
  });

  it('are those after the charge of work that has not ended', () => {
    const fair = new FairTurns();
    fair.charge('b', 10);
    expect(fair.order(['a', 'b'], none, new Map([['a', 9]]))).toEqual(['a', 'b']);
    expect(fair.order(['a', 'b'], none, new Map([['a', 11]]))).toEqual(['b', 'a']);
    expect(fair.order(['a', 'b'], none)).toEqual(['a', 'b']);
  });

  it('come next to a key that was not there before, which is owed nothing for that time', () => {
    const fair = new FairTurns();
    serve(fair, 1000, { flood: 1 });
    expect(fair.order(['flood', 'new'], new Map([['flood', 1]]))).toEqual(['new', 'flood']);
    const had = serve(fair, 100, { flood: 1, new: 1 });
    expect(had['flood']).toBeGreaterThanOrEqual(49);
  });

  it('cost a key nothing that it had while nobody else waited', () => {
    const fair = new FairTurns();
    serve(fair, 100, { other: 1 });
    serve(fair, 10_000, { flood: 1 });
    const had = serve(fair, 100, { flood: 1, other: 1 });
    expect(had['flood']).toBeGreaterThanOrEqual(45);
  });

  it('of very many keys are not all remembered', () => {
    const fair = new FairTurns();
    for (let i = 0; i < 5000; i++) serve(fair, 1, { [`key ${i}`]: 1 });
    expect(serve(fair, 300, { a: 1, b: 1, c: 1 })).toEqual({ a: 100, b: 100, c: 100 });
  });
});
