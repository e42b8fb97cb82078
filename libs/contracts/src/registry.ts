import * as augmentation from './augmentation.contracts.js';
import * as catalog from './catalog.contracts.js';
import { JOB_OWNERS, type JobType, type Rpc, type ServiceName } from './define.js';
import * as ingest from './training-ingest.contracts.js';
import * as system from './system.contracts.js';
import * as tagging from './tagging.contracts.js';

const GROUPS: readonly Readonly<Record<string, Rpc>>[] = [
  catalog.apiKeyContracts,
  catalog.projectContracts,
  catalog.imageContracts,
  catalog.radiographContracts,
  catalog.counterContracts,
  catalog.jobDirectoryContracts,
  tagging.tagContracts,
  ingest.ingestContracts,
  ingest.radiographIngestContracts,
  ingest.modalityContracts,
  augmentation.augmentationListContracts,
  augmentation.sampleContracts,
  system.healthContracts,
  ...JOB_OWNERS.map((owner) => system.jobReportContracts[owner]),
];

/** Every rpc of the system, once. */
export const ALL_RPCS: readonly Rpc[] = GROUPS.flatMap((group) => Object.values(group));

/** The rpcs that a service must have exactly one handler for. */
export function rpcsOwnedBy(service: ServiceName): Rpc[] {
  return ALL_RPCS.filter((rpc) => rpc.owner === service);
}

/** Every type of job, once. */
export const ALL_JOBS: readonly JobType[] = [
  catalog.analyseContent,
  catalog.renderRadiograph,
  augmentation.makeSamples,
];
