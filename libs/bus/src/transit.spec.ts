import { describe, expect, it } from '@jest/globals';
import { Stamps, TransitTimes } from './transit.js';

/** A sender and a receiver whose clocks have nothing in common. */
function pair() {
  const time = { now: 0, sender: 7_000_000, wall: 1_000, receiver: 300 };
  const stamps = new Stamps({ wall: () => time.wall + time.now, monotonic: () => time.sender + time.now });
  const times = new TransitTimes(() => time.receiver + time.now);
  const send = (transitMs: number) => {
    const stamp = stamps.next();
    time.now += transitMs;
    return times.of(stamp);
  };
  return { time, stamps, times, send };
}

describe('the transit time of a message', () => {
  it('is how much longer it took than the fastest message of the same sender', () => {
    const { send } = pair();
    expect(send(3)).toBe(0);
    expect(send(1)).toBe(0);
    expect(send(5001)).toBe(5000);
    expect(send(1)).toBe(0);
  });

  it('is measured against messages from before a long silence', () => {
    const { time, send } = pair();
    send(1);
    time.now += 600_000;
    expect(send(30_001)).toBe(30_000);
    expect(send(2)).toBe(1);
  });

  it('does not grow with clocks that drift apart slowly', () => {
    const { time, send } = pair();
    send(1);
    for (let hour = 0; hour < 2400; hour++) {
      time.now += 60_001;
      time.receiver += 30;
      expect(send(1)).toBeLessThan(100);
    }
  });

  it('is unaffected by a machine that slept or was set to another time, whether it sends or receives', () => {
    const { time, send } = pair();
    send(1);
    // The sender slept for an hour: its monotonic clock stood still.
    time.receiver += 3_600_000;
    time.wall += 3_600_000;
    expect(send(1)).toBe(0);
    time.wall -= 7_200_000;
    expect(send(1)).toBe(0);
    time.receiver -= 3_600_000;
    expect(send(1)).toBe(0);
    expect(send(11)).toBe(10);
  });

  it('is 0 after a pause of both clocks of the sender once it has begun a new series', () => {
    const { time, stamps, times, send } = pair();
    send(1);
    time.receiver += 30_000;
    const stamp = stamps.next();
    expect(times.of(stamp)).toBeGreaterThan(29_000);
    stamps.renew(stamp);
    expect(send(1)).toBe(0);
    stamps.renew(stamp);
    expect(send(11)).toBe(10);
  });

  it('is 0 for a missing or malformed stamp', () => {
    const { times } = pair();
    for (const stamp of [undefined, '', 'x', 'x y', 'x -1', 'x NaN', ' 5']) expect(times.of(stamp)).toBe(0);
  });
});
