import type { DomainError } from '@pentaprism/domain';

export interface ErrorBody {
  readonly message: string;
  /** For clients that treat this error differently from others. */
  readonly errorName?: 'JobAlreadyAdded';
  /** By field. */
  readonly errors?: Readonly<Record<string, string>>;
  /** Of the line in the log. */
  readonly errorId?: string;
}

export function toErrorBody({ message, details }: DomainError): ErrorBody {
  const { field, errorId, reason } = details;
  return {
    message,
    ...(reason === 'under-way' ? { errorName: 'JobAlreadyAdded' } : {}),
    ...(typeof field === 'string' && field !== '' ? { errors: { [field]: message } } : {}),
    ...(typeof errorId === 'string' ? { errorId } : {}),
  };
}
