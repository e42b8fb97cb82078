import { startService } from '@pentaprism/service';
import { insightsService } from './insights.service.js';

await startService(insightsService);
