import { startService } from '@pentaprism/service';
import { taggingService } from './tagging.service.js';

await startService(taggingService);
