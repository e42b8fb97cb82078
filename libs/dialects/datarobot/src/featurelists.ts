import type { Bus } from '@pentaprism/bus';
import { projectContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { hasFeaturelist } from './wire/featurelist.js';

/**
 * Checks the feature list that a request names, if it names one.
 *
 * @throws DomainError NOT_FOUND for an unknown project; INVALID_ARGUMENT for a list that the project does not have
 */
export async function requireFeaturelist(bus: Bus, projectId: string, id: string | null | undefined): Promise<void> {
  if (id == null || hasFeaturelist(projectId, id)) return;
  await bus.call(projectContracts.get, { id: projectId });
  const message = 'featurelistId: the project has no feature list of this id';
  throw new DomainError('INVALID_ARGUMENT', message, { field: 'featurelistId' });
}
