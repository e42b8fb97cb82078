import { Injectable } from '@nestjs/common';
import { iterationContracts, type Iteration as ServiceIteration } from '@pentaprism/contracts';
import type { Iteration } from '../v3/models.js';
import { guidOf, idInPath, isWorkspace, notFound, toDate } from '../wire/ids.js';
import { domainGuid, EXPORT_PLATFORMS, isExportable } from './domains.js';
import { CLASSIFICATION_NAMES } from './projects.js';
import { Services } from './services.js';
import { fromUuid } from '@pentaprism/domain';

/** Of which state of a project something is asked: undefined, as it is now. */
export interface Snapshot {
  readonly projectId: string;
  readonly snapshotId?: string;
}

const STATUSES = { training: 'Training', completed: 'Completed', failed: 'Failed' } as const;
/** What is trained unless a client asks for something else; there is one way only. */
const TRAINING_TYPE = 'Regular';

export function toIteration(iteration: ServiceIteration): Iteration {
  const { id, name, status, projectId, domain, classificationType, trainedAt } = iteration;
  const exportable = isExportable(domain);
  return {
    id: guidOf(id),
    name,
    isDefault: iteration.isDefault,
    status: STATUSES[status],
    created: toDate(iteration.createdAt),
    lastModified: toDate(iteration.modifiedAt),
    ...(trainedAt === null ? {} : { trainedAt: toDate(trainedAt) }),
    projectId: guidOf(projectId),
    exportable,
    exportableTo: exportable ? [...EXPORT_PLATFORMS] : [],
    domainId: domainGuid(domain),
    classificationType: CLASSIFICATION_NAMES[classificationType],
    trainingType: iteration.trainingType ?? TRAINING_TYPE,
    reservedBudgetInHours: Math.round(iteration.reservedBudgetInHours),
    trainingTimeInMinutes: iteration.trainingMinutes,
    publishName: iteration.publishName,
    originalPublishResourceId: iteration.publishTarget,
    customBaseModelInfo: null,
    trainingErrorDetails: iteration.error,
  };
}

/** What `iterationId` of a query means. */
@Injectable()
export class Snapshots {
  constructor(private readonly services: Services) {}

  /**
   * @param project a GUID of a path
   * @param iteration a GUID of a query; that of the workspace, or none: as the project is now
   * @throws DomainError NotFoundProject, NotFoundIteration, BadRequestInvalidIds
   */
  async find(project: string, iteration: string | undefined): Promise<Snapshot> {
    const projectId = idInPath(project, 'project');
    if (iteration === undefined || isWorkspace(iteration, projectId)) return { projectId };
    const iterationId = fromUuid(iteration);
    if (iterationId === undefined) throw notFound('iteration');
    await this.services.call(iterationContracts.get, { projectId, iterationId });
    return { projectId, snapshotId: iterationId };
  }
}
