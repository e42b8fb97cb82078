/**
 * Configuration: an app's schema is put together from the variables here, and `readConfig` is the one place that
 * reads the environment.
 */
export * from './address-range.js';
export * from './app-variables.js';
export * from './config.js';
export * from './variables.js';
