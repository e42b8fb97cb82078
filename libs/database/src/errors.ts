import { DomainError } from '@pentaprism/domain';

/** Network, election and time-out errors of the driver and of mongoose: the operation may succeed later. */
const PASSING =
  /^Mongo(?:Network|ServerSelection|NotPrimary|Topology|PoolCleared|WaitQueue|OperationTimeout|Expired|NotConnected|oseServerSelection)/;

/** Server error codes that pass: interrupted, shutting down, not primary, write conflict, lock time-out, ... */
const PASSING_CODES = new Set([
  6, 7, 24, 50, 89, 91, 112, 133, 134, 189, 225, 244, 251, 262, 317, 384, 9001, 10107, 11600, 11602, 13435, 13436,
]);

interface MongoLike {
  name?: string;
  code?: number;
  message?: string;
  hasErrorLabel?: (label: string) => boolean;
}

/** Whether a unique index refused a write. */
export function isDuplicateKey(error: unknown): boolean {
  return (error as MongoLike | null)?.code === 11000;
}

/** Turns a fault of the database into UNAVAILABLE; anything else stays as it is. */
export function asDomainError(error: unknown): unknown {
  if (DomainError.is(error) || typeof error !== 'object' || error === null) return error;
  const { name = '', code = 0, message = '', hasErrorLabel } = error as MongoLike;
  const labelled = ['TransientTransactionError', 'UnknownTransactionCommitResult', 'RetryableWriteError'].some(
    (label) => hasErrorLabel?.call(error, label),
  );
  const disconnected =
    name === 'MongooseError' && /initial connection|bufferCommands|buffering timed out|disconnect/i.test(message);
  if (!labelled && !disconnected && !PASSING.test(name) && !PASSING_CODES.has(code)) return error;
  return new DomainError('UNAVAILABLE', 'The database does not answer.', {}, { cause: error });
}
