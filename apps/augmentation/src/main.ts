import { startService } from '@pentaprism/service';
import { augmentationService } from './augmentation.service.js';

await startService(augmentationService);
