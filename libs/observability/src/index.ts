/** Logs, metrics and the context (trace id, workspace, actor) that both carry. */
export * from './context.js';
export * from './logger.js';
export * from './metrics.js';
export * from './messages-of.js';
