import { schemaFailure } from '@pentaprism/http';
import { isUuid } from '@pentaprism/domain';
import { z } from 'zod';
import { refusal, type Refusal } from './codes.js';

/** @throws DomainError the refusal that the first complaint names; INVALID_ARGUMENT for all others */
export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const named = issue?.code === 'custom' ? (issue.params?.['refusal'] as Refusal | undefined) : undefined;
  const failure = schemaFailure(parsed.error.issues);
  throw named ? refusal(named, failure.message) : failure;
}

/** A complaint with a name of its own. */
export function complaint(name: Refusal, message: string) {
  return { code: 'custom' as const, message, params: { refusal: name } };
}

/** A GUID in any case, in lower case afterwards. */
export const guid = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .superRefine((text, context) => {
    if (!isUuid(text)) context.addIssue(complaint('BadRequestInvalidIds', 'must be a GUID'));
  });
