/**
 * The bus: typed questions and commands over NATS request/reply (`Bus`, `@RpcHandler`), and facts that must not be lost
 * over JetStream (`FactPublisher` behind an outbox, `@FactHandler`), and signals that may be. Contracts are in `@pentaprism/contracts`.
 */
export * from './answer-size.js';
export * from './bus.js';
export * from './bus.module.js';
export * from './bus-server.js';
export * from './connection.js';
export { ensureStreams, FactPublisher, watchFact, type PublishedFact } from './facts.js';
export { MAX_DELIVERIES } from './fact-consumer.js';
export * from './handlers.js';
export * from './metrics.js';
export * from './signals.js';
