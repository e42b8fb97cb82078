import type { ErrorCode } from '@pentaprism/domain';

export interface ContractRequest {
  readonly request: unknown;
  readonly expected: 'ok' | ErrorCode;
}

export const ok = (request: unknown): ContractRequest => ({ request, expected: 'ok' });
export const fails = (expected: ErrorCode, request: unknown): ContractRequest => ({ request, expected });

/** An id that nothing has. */
export const NOBODY = '0123456789abcdef01234567';
