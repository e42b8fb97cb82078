import { DomainError } from '@pentaprism/domain';
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads an app's configuration from the environment, the only place in the product that does so.
 *
 * An empty variable counts as absent, as shells and compose files cannot unset one.
 *
 * @throws DomainError INVALID_ARGUMENT naming each variable that is wrong, never its value
 */
export function readConfig<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment = process.env,
): z.output<Schema> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new DomainError('INVALID_ARGUMENT', `The configuration is wrong. ${problems.join('; ')}`);
}
