import type { DomainError } from '@pentaprism/domain';

export interface ErrorBody {
  readonly message: string;
  /** By field. */
  readonly errors?: Readonly<Record<string, string>>;
  /** Of the line in the log. */
  readonly errorId?: string;
}

export function toErrorBody({ message, details }: DomainError): ErrorBody {
  const { field, errorId } = details;
  return {
    message,
    ...(typeof field === 'string' && field !== '' ? { errors: { [field]: message } } : {}),
    ...(typeof errorId === 'string' ? { errorId } : {}),
  };
}
