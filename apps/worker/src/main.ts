import { startService } from '@pentaprism/service';
import { workerService } from './worker.service.js';

await startService(workerService);
