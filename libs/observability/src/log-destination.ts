import { pino } from 'pino';
import { metrics } from './metrics.js';

/** Bytes of log lines that are kept while they cannot be written, as on a full disk. Further lines are dropped. */
export const MAX_WAITING_LOG_BYTES = 1024 * 1024;

export interface LogDestinationOptions {
  /** A file descriptor. Default: stdout. */
  readonly fd?: number;
  /** Called when lines can be written again, with the number of those that were dropped. */
  readonly onRecovered?: (dropped: number) => void;
}

/**
 * Returns a stream for log lines that survives a full disk: lines wait until they can be written, those beyond
 * `MAX_WAITING_LOG_BYTES` are dropped and counted, and writing goes on with the first line after there is space again.
 * Each line is written before the next statement runs, so that the last words of a process are not lost.
 */
export function createLogDestination({ fd = 1, onRecovered = () => {} }: LogDestinationOptions = {}) {
  const stream = pino.destination({ dest: fd, sync: true, maxLength: MAX_WAITING_LOG_BYTES });
  let dropped = 0;
  // Without a listener, the error would end the process. The lines stay in the stream, which tries again with the next.
  stream.on('error', () => {});
  stream.on('drop', () => {
    dropped += 1;
    metrics.logLinesDropped.inc();
  });
  stream.on('write', () => {
    if (dropped === 0) return;
    const lost = dropped;
    dropped = 0;
    setImmediate(() => onRecovered(lost));
  });
  return stream;
}
