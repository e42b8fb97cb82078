import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { currentContext } from './context.js';
import { createLogDestination } from './log-destination.js';

export type { Logger };

/** Where a key or a body could be: in what is logged, one level below it, and in the errors of clients and drivers. */
const CUT = [
  ...['authorization', 'secret', 'key', 'password', 'headers', 'body', 'payload'].flatMap((name) => [
    name,
    `*.${name}`,
  ]),
  ...['response', 'request', 'command', 'op', 'keyValue', 'value', 'stringValue'].map((name) => `err.${name}`),
];

/**
 * JSON lines on stdout with the app's name, trace id and workspace. Bodies are never logged; what could hold a key is
 * cut out wherever it appears.
 */
export function createLogger(app: string, level: string, destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    base: { app, pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const context = currentContext();
      return context ? { traceId: context.traceId, workspace: context.workspace || undefined } : {};
    },
    redact: { paths: CUT, censor: '[cut]' },
  };
  if (destination) return pino(options, destination);
  const onRecovered = (dropped: number) =>
    logger.warn({ dropped }, 'log lines were dropped: they could not be written');
  const logger: Logger = pino(options, createLogDestination({ onRecovered }));
  return logger;
}

/** Lets Nest log through pino. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.logger.debug({ context: contextOf(rest) }, String(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.logger.warn({ context: contextOf(rest) }, String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    if (typeof message === 'object' && message !== null && 'stack' in message)
      this.logger.error({ err: message }, String(message));
    else this.logger.error({ context: contextOf(rest), stack: rest.length > 1 ? rest[0] : undefined }, String(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.logger.trace({ context: contextOf(rest) }, String(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.debug(message, ...rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.logger.fatal({ context: contextOf(rest) }, String(message));
  }
}

function contextOf(rest: unknown[]): unknown {
  return typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
}

/** Nest's token for the app's logger. */
export const LOGGER = Symbol('Logger');
