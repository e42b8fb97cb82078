/** Nest's token for the pool of decode processes. */
export const DECODE_POOL = Symbol('DecodePool');
/** Nest's token for the number of jobs of one queue that run at once. */
export const CONCURRENCY = Symbol('Concurrency');
