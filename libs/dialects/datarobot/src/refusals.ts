import { DomainError } from '@pentaprism/domain';

/**
 * Waits for the answer of a service. What it throws as INVALID_ARGUMENT names the parameter of this API instead of the member
 * of the service's request.
 *
 * @param names the parameters, by the names of members; members that are not in it keep their name
 * @param otherwise the parameter that is wrong if the service does not name a member
 */
export async function namingParameters<Answer>(
  answer: Promise<Answer>,
  names: Readonly<Record<string, string>>,
  otherwise?: string,
): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!DomainError.is(error, 'INVALID_ARGUMENT')) throw error;
    const { field } = error.details;
    const parameter = typeof field === 'string' ? (names[field] ?? field) : otherwise;
    throw new DomainError(error.code, error.message, parameter === undefined ? {} : { field: parameter });
  }
}
