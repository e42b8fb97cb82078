/**
 * For tests only: a database, subject prefix and queue prefix per suite on the real servers that the run has started,
 * servers of its own for a suite that takes them away, and an assertion that waits.
 */
export * from './eventually.js';
export * from './private-servers.js';
export * from './test-scope.js';
