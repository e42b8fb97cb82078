import { startService } from '@pentaprism/service';
import { workerService } from './worker.service.js';
import { yieldToRequests } from './yield-to-requests.js';

yieldToRequests();
await startService(workerService);
