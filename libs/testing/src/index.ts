/**
 * For tests only: a database, subject prefix and queue prefix per suite on the real servers that the run has started,
 * servers of its own for a suite that takes them away, an S3 server, an assertion that waits, and inputs that several suites share.
 */
export * from './eventually.js';
export * from './internal-address-forms.js';
export * from './png.js';
export * from './private-servers.js';
export * from './s3-server.js';
export * from './tcp-proxy.js';
export * from './test-scope.js';
export * from './event-files.js';
