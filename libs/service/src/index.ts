/** What every app's `main.ts` needs: configuration to clean stop in one call. */
export * from './health.controller.js';
export * from './heartbeat.js';
export * from './lifecycle.js';
export * from './start-service.js';
export * from './blob-store.module.js';
export * from './record-scrub.js';
export * from './rounds.js';
export * from './system-clock.js';
