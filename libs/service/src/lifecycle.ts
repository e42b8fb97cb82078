import type { Logger } from '@pentaprism/observability';

/** What both a Nest microservice and a Nest HTTP application can do. */
export interface Closable {
  close(): Promise<void>;
}

/** Milliseconds that a clean stop may take: shorter than the launcher's and Kubernetes' patience. */
export const STOP_LIMIT_MS = 7500;

/**
 * Stops the app cleanly on SIGTERM, SIGINT and when the process that started it is gone, and tells that process that the
 * app serves.
 */
export function manageLifecycle(app: Closable, logger: Logger): void {
  let stopping = false;
  const stop = (why: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ why }, 'stopping');
    setTimeout(() => {
      logger.error('the clean stop took too long');
      process.exit(1);
    }, STOP_LIMIT_MS).unref();
    app.close().then(
      () => {
        logger.info('stopped');
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ err: error }, 'the stop failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  // Ctrl-C reaches the whole process group: the launcher stops its parts in order, with SIGTERM.
  process.on('SIGINT', () => {
    if (!process.send) stop('SIGINT');
  });
  process.on('disconnect', () => stop('the launcher is gone'));
  process.send?.({ type: 'ready' });
  logger.info('ready');
}

/** A start that fails says why in one log line, and exits. */
export function failStart(error: unknown, logger: Logger | Console = console): never {
  if (logger === console) console.error(String((error as Error).message ?? error));
  else (logger as Logger).fatal({ err: error }, 'the start failed');
  process.exit(1);
}
