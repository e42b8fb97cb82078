import { number } from './table.mjs';

/** Seconds until the built system is ready: with a new data directory, and once more with the same one. */
export async function startTimes(system) {
  const first = system.startSeconds;
  const stoppingAt = performance.now();
  await system.down();
  const stop = (performance.now() - stoppingAt) / 1000;
  const second = await system.up();
  const seconds = (value) => `${number(value, 1)} s`;
  return [
    { name: 'start until ready, new data directory (servers are there)', figure: seconds(first) },
    { name: 'stop', figure: seconds(stop), comparedWith: 'goal: 10 s' },
    { name: 'second start until ready', figure: seconds(second), comparedWith: 'goal: below 15 s' },
  ];
}
