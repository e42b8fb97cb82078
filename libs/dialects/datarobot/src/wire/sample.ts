import { z } from 'zod';
import { createListBody } from './augmentation-list.js';
import { pagingQuery } from './paging.js';

const numberOfRows = z.int().min(1);

/** Everything, where the client does not say: it reads the first page only. */
export const samplesQuery = z.object(pagingQuery(0));

export const requestSamplesBody = z.object({ numberOfRows }).meta({ id: 'ImageAugmentationListsCreateSamples' });

/** `id`, `inUse`, `initialList` and `samplesId` are accepted and have no effect. */
export const requestSamplesOnceBody = createListBody
  .omit({ initialList: true })
  .extend({ numberOfRows })
  .meta({ id: 'ImageAugmentationSamplesRequest' });

export const samplesRequestedBody = z.object({ statusId: z.string() }).meta({ id: 'ImageAugmentationSamplesResponse' });

/** The contract's sample is the wire's. */
export const sampleBody = z
  .object({
    imageId: z.string(),
    projectId: z.string(),
    width: z.int(),
    height: z.int(),
    originalImageId: z.string().nullable(),
  })
  .meta({ id: 'ImageAugmentationRetrieveSamplesItem' });
