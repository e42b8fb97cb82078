/**
 * MongoDB for services: the connection, transactions, errors in the domain's terms, and the outbox that publishes facts.
 * A collection has one writing service; every repository method takes the workspace first.
 */
export * from './count-in-turn.js';
export * from './database.module.js';
export * from './database-time.js';
export * from './errors.js';
export * from './identifiers.js';
export * from './limited.js';
export * from './outbox.js';
export * from './remove-some.js';
export * from './transactions.js';
