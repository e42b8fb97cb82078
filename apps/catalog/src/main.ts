import { startService } from '@pentaprism/service';
import { catalogService } from './catalog.service.js';

await startService(catalogService);
