import { DomainError } from '@pentaprism/domain';

/** Network, election and time-out errors of the driver and of mongoose: the operation may succeed later. */
const PASSING =
  /^Mongo(?:Network|ServerSelection|NotPrimary|Topology|PoolCleared|WaitQueue|OperationTimeout|Expired|NotConnected|oseServerSelection)/;

/** Server error codes that pass: interrupted, shutting down, not primary, write conflict, lock time-out, ... */
const PASSING_CODES = new Set([
  6, 7, 24, 50, 89, 91, 112, 133, 134, 189, 225, 244, 251, 262, 246, 317, 384, 9001, 10107, 11600, 11602, 13435, 13436,
]);

/** What the driver lets through of a connection that breaks while it writes. */
const BROKEN_CONNECTION = new Set(['EPIPE', 'ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'ETIMEDOUT', 'ENOTFOUND']);

const LABELS = ['TransientTransactionError', 'UnknownTransactionCommitResult', 'RetryableWriteError'];

interface MongoLike {
  name?: string;
  code?: number | string;
  message?: string;
  cause?: unknown;
  writeErrors?: unknown;
  hasErrorLabel?: (label: string) => boolean;
}

/** Whether a unique index refused a write. */
export function isDuplicateKey(error: unknown): boolean {
  return (error as MongoLike | null)?.code === 11000;
}

/** Turns a fault of the database into UNAVAILABLE; anything else stays as it is. */
export function asDomainError(error: unknown): unknown {
  if (DomainError.is(error) || !isFault(error)) return error;
  return new DomainError('UNAVAILABLE', 'The database does not answer.', {}, { cause: error });
}

function isFault(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { name = '', code, message = '', cause, writeErrors, hasErrorLabel } = error as MongoLike;
  if (PASSING.test(name) || LABELS.some((label) => hasErrorLabel?.call(error, label))) return true;
  // A server that has just been started and has not read the configuration of its replica set yet.
  if (code === 20 && message.startsWith('Transaction numbers')) return true;
  if (typeof code === 'number' && code !== 0) return PASSING_CODES.has(code);
  if (typeof code === 'string') return BROKEN_CONNECTION.has(code);
  // A bulk write that failed without the server having refused any of it.
  if (name === 'MongoBulkWriteError') return !Array.isArray(writeErrors) || writeErrors.length === 0;
  if (name === 'MongooseError')
    return /initial connection|bufferCommands|buffering timed out|disconnect/i.test(message);
  return isFault(cause);
}
