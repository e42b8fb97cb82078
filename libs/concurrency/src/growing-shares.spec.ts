import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GrowingShares, type Holding, type Shortage } from './growing-shares.js';

/** Shares of 100, of which one key has at most 80, and a log of what happens to the holdings. */
function start({ capacity = 100, perKey = 80 } = {}) {
  const shares = new GrowingShares({ capacity, perKey });
  const log: string[] = [];
  const open = (name: string): Holding => {
    const refuse = (shortage: Shortage) => new Error(shortage);
    const holding = shares.open(name.slice(0, 1), refuse, ({ message }) => {
      log.push(`${name} lost: ${message}`);
      holding.release();
    });
    return holding;
  };
  /** Asks for more, and logs when it is there or refused. */
  const grow = (name: string, holding: Holding, amount: number) => {
    const granted = holding.grow(amount);
    if (!granted) log.push(`${name} +${amount}`);
    else
      granted.then(
        () => log.push(`${name} +${amount}`),
        (error: Error) => {
          log.push(`${name} refused: ${error.message}`);
          holding.release();
        },
      );
  };
  return { shares, log, open, grow, settled: () => new Promise((resolve) => setImmediate(resolve)) };
}

describe('GrowingShares', () => {
  it('grants at once what is there, and leaves some to other keys', async () => {
    const { log, open, grow, settled } = start();
    const [a, b, c] = [open('a1'), open('a2'), open('b1')];
    grow('a1', a, 50);
    grow('a2', b, 31);
    grow('b1', c, 20);
    await settled();
    expect(log).toEqual(['a1 +50', 'b1 +20']);
    a.release();
    await settled();
    expect(log).toEqual(['a1 +50', 'b1 +20', 'a2 +31']);
  });

  it('gives what becomes free to the key that has the least, and within it to the oldest holding', async () => {
    const { log, open, grow, settled } = start({ perKey: 100 });
    const [a1, b1, b2, c1, c2] = [open('a1'), open('b1'), open('b2'), open('c1'), open('c2')];
    grow('a1', a1, 35);
    grow('b1', b1, 35);
    grow('c1', c1, 30);
    grow('c2', c2, 20);
    grow('b2', b2, 20);
    grow('b1', b1, 20);
    a1.release();
    await settled();
    // 35 are free: c has the least, and then b's older holding is the first that waits.
    expect(log.slice(3)).toEqual(['c2 +20']);
    c2.release();
    await settled();
    expect(log.slice(4)).toEqual(['b1 +20']);
  });

  it('takes the youngest holding of the key that has the most away for a key that has less than its fair share', async () => {
    const { log, open, grow, settled } = start();
    const [a1, a2, b1, c1] = [open('a1'), open('a2'), open('b1'), open('c1')];
    grow('a1', a1, 40);
    grow('a2', a2, 40);
    grow('b1', b1, 20);
    grow('c1', c1, 30);
    await settled();
    expect(log.slice(3)).toEqual(['a2 lost: own', 'c1 +30']);
  });

  it('takes nothing away that will be released soon', async () => {
    const { log, open, grow, settled } = start();
    const [a1, b1, c1] = [open('a1'), open('b1'), open('c1')];
    grow('a1', a1, 80);
    grow('b1', b1, 20);
    a1.settle();
    grow('c1', c1, 30);
    await settled();
    expect(log).toEqual(['a1 +80', 'b1 +20']);
    a1.release();
    await settled();
    expect(log.slice(2)).toEqual(['c1 +30']);
  });

  it('refuses the youngest holding of a key whose holdings all wait for one another', async () => {
    const { log, open, grow, settled } = start();
    const [a1, a2] = [open('a1'), open('a2')];
    grow('a1', a1, 40);
    grow('a2', a2, 30);
    grow('a2', a2, 20);
    await settled();
    expect(log.slice(2)).toEqual([]);
    grow('a1', a1, 20);
    await settled();
    expect(log.slice(2)).toEqual(['a2 refused: own', 'a1 +20']);
  });

  it('refuses the youngest holding of the largest key if the holdings of all keys wait', async () => {
    const { log, open, grow, settled } = start({ perKey: 60 });
    const [a1, b1] = [open('a1'), open('b1')];
    grow('a1', a1, 45);
    grow('b1', b1, 50);
    grow('a1', a1, 10);
    grow('b1', b1, 8);
    await settled();
    expect(log.slice(2)).toEqual(['b1 refused: all', 'a1 +10']);
  });

  it('refuses amounts that no holding may have', () => {
    const { open } = start();
    const holding = open('a1');
    expect(() => holding.grow(81)).toThrow(RangeError);
    holding.release();
    holding.release();
    expect(() => holding.grow(1)).toThrow();
  });

  it('never grants more than there is, and lets every holding end', async () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c'), amounts: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }) }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (bodies) => {
        const shares = new GrowingShares({ capacity: 100, perKey: 80 });
        const ends = bodies.map(async ({ key, amounts }) => {
          let fail: (error: Error) => void = () => undefined;
          const lost = new Promise<never>((_, reject) => (fail = reject));
          lost.catch(() => undefined);
          const holding = shares.open(key, () => new Error('refused'), fail);
          try {
            for (const amount of amounts) {
              await Promise.race([holding.grow(amount), lost]);
              expect(shares.held).toBeLessThanOrEqual(100);
              await new Promise((resolve) => setImmediate(resolve));
            }
          } catch (error) {
            expect((error as Error).message).toBe('refused');
          } finally {
            holding.release();
          }
        });
        await Promise.all(ends);
        expect(shares.held).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
