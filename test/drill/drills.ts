import { bodyFloods } from './body-floods.drill.js';
import { bombs } from './bombs.drill.js';
import { damagedBlobs } from './damaged-blobs.drill.js';
import { datasetsUnderKills } from './datasets-under-kills.drill.js';
import type { Drill } from './drill.js';
import { eventLogsUnderKills } from './event-logs-under-kills.drill.js';
import { expiryUnderKills } from './expiry-under-kills.drill.js';
import { floodedQueues } from './flooded-queues.drill.js';
import { foreignIds } from './foreign-ids.drill.js';
import { fullDisk } from './full-disk.drill.js';
import { fsyncOrder } from './fsync-order.drill.js';
import { internalAddresses } from './internal-addresses.drill.js';
import { killUnderUploads } from './kill-under-uploads.drill.js';
import { malformedRequests } from './malformed-requests.drill.js';
import { modelsUnderKills } from './models-under-kills.drill.js';
import { mutatedDatasets } from './mutated-datasets.drill.js';
import { mutatedEventFiles } from './mutated-event-files.drill.js';
import { mutatedPictures } from './mutated-pictures.drill.js';
import { requiredRoles } from './required-roles.drill.js';
import { otherUsers } from './other-users.drill.js';
import { projectsMadeAndDeleted } from './projects-made-and-deleted.drill.js';
import { restartedJourneys } from './restarted-journeys.drill.js';
import { rollingRestarts } from './rolling-restarts.drill.js';
import { serverOutages } from './server-outages.drill.js';
import { skewedClocks } from './skewed-clocks.drill.js';
import { soak } from './soak.drill.js';
import { visionMutations } from './vision-mutations.drill.js';
import { visionUnderKills } from './vision-under-kills.drill.js';
import { workerKills } from './worker-kills.drill.js';

/** In the order in which they run. */
export const DRILLS: readonly Drill[] = [
  killUnderUploads,
  workerKills,
  serverOutages,
  fsyncOrder,
  mutatedPictures,
  bombs,
  internalAddresses,
  malformedRequests,
  foreignIds,
  floodedQueues,
  rollingRestarts,
  otherUsers,
  soak,
  requiredRoles,
  bodyFloods,
  fullDisk,
  damagedBlobs,
  skewedClocks,
  expiryUnderKills,
  visionUnderKills,
  visionMutations,
  datasetsUnderKills,
  mutatedDatasets,
  modelsUnderKills,
  projectsMadeAndDeleted,
  restartedJourneys,
  eventLogsUnderKills,
  mutatedEventFiles,
];
