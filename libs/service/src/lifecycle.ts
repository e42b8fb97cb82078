import type { Logger } from '@pentaprism/observability';
import { Heartbeat } from './heartbeat.js';

/** What both a Nest microservice and a Nest HTTP application can do. */
export interface Closable {
  close(): Promise<void>;
}

export interface LifecycleSettings {
  readonly HEARTBEAT_FILE?: string | undefined;
  /** Seconds, without those that the drain takes. */
  readonly STOP_LIMIT: number;
}

/**
 * The life of an app's process: stops it cleanly on SIGTERM, SIGINT and when the process that started it is gone, and
 * tells that process, or an orchestrator, how far it is.
 *
 * Begun before anything is waited for: the first process of a container gets no signal that it has no handler for, so one
 * that waits for its database would have to be killed.
 */
export class Lifecycle {
  private readonly heartbeat: Heartbeat;
  private app: Closable | undefined;
  private drain: () => Promise<void> = () => Promise.resolve();
  private stopping = false;

  constructor(
    private readonly logger: Logger,
    private readonly settings: LifecycleSettings,
  ) {
    this.heartbeat = new Heartbeat(settings.HEARTBEAT_FILE, logger);
    process.on('SIGTERM', () => void this.stop('SIGTERM'));
    // Ctrl-C reaches the whole process group: the launcher stops its parts in order, with SIGTERM.
    process.on('SIGINT', () => {
      if (!process.send) void this.stop('SIGINT');
    });
    process.on('disconnect', () => void this.stop('the launcher is gone'));
  }

  /**
   * The app serves from now on.
   * @param drain what comes before closing it, while it still serves
   */
  serve(app: Closable, drain?: () => Promise<void>): void {
    this.app = app;
    if (drain) this.drain = drain;
    this.heartbeat.show('ready');
    process.send?.({ type: 'ready' });
    this.logger.info('ready');
  }

  private async stop(why: string): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.logger.info({ why }, 'stopping');
    this.heartbeat.show('stopping');
    try {
      await this.drain();
      setTimeout(() => {
        this.logger.error('the clean stop took too long');
        process.exit(1);
      }, this.settings.STOP_LIMIT * 1000).unref();
      // What was still starting has taken nothing that it would have to finish.
      await this.app?.close();
      this.logger.info('stopped');
      process.exit(0);
    } catch (error) {
      this.logger.error({ err: error }, 'the stop failed');
      process.exit(1);
    }
  }
}

/** A start that fails says why in one log line, and exits. */
export function failStart(error: unknown, logger: Logger | Console = console): never {
  if (logger === console) console.error(String((error as Error).message ?? error));
  else (logger as Logger).fatal({ err: error }, 'the start failed');
  process.exit(1);
}
