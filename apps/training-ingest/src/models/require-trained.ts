import { DomainError, type IterationStatus } from '@pentaprism/domain';

/** @throws DomainError FAILED_PRECONDITION, whose details have the `reason` not-trained */
export function requireTrained({ status }: { readonly status: IterationStatus }): void {
  if (status !== 'completed')
    throw new DomainError('FAILED_PRECONDITION', 'The iteration is not trained.', { reason: 'not-trained' });
}
