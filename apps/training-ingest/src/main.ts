import { startService } from '@pentaprism/service';
import { trainingIngestService } from './training-ingest.service.js';

await startService(trainingIngestService);
