/** Ways for simultaneous work to share what it costs, and work in threads. Independent of databases and buses. */
export * from './fair-shares.js';
export * from './fair-turns.js';
export * from './fresh-reads.js';
export * from './groups.js';
export * from './growing-shares.js';
export * from './lanes.js';
export * from './loop-turns.js';
export * from './pipelined.js';
export * from './shuffled.js';
export * from './thread.js';
