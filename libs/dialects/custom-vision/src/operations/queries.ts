import { z } from 'zod';
import { MAX_IMAGES_PER_BATCH, MAX_TAGS_PER_COUNT, MAX_TRAINING_PAGE_SIZE } from '@pentaprism/domain';
import {
  boolean,
  decimal,
  guidList,
  oneOf,
  optionalBoolean,
  optionalGuid,
  optionalText,
  page,
  plainText,
  tagIds,
} from '../wire/query.js';
import { TAGGINGS } from './images.js';

/** Queries of both generations; each lists those parameters that its operations have. */
export const projectQuery = z.object({ name: plainText, description: plainText, domainId: optionalGuid });
export const projectQueryV3 = projectQuery.extend({
  classificationType: optionalText,
  targetExportPlatforms: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .transform((value) =>
      value === undefined
        ? undefined
        : [value]
            .flat()
            .flatMap((part) => part.split(','))
            .filter((name) => name !== ''),
    ),
});

export const tagQuery = z.object({ name: plainText, description: plainText });
export const tagQueryV3 = tagQuery.extend({ type: optionalText });

export const iterationQuery = z.object({ iterationId: optionalGuid });
export const uploadQuery = z.object({ tagIds });
export const untaggedQuery = z.object({ iterationId: optionalGuid, ...page });
export const taggedQuery = untaggedQuery.extend({ tagIds });

/** `$filter` is taken for absent where it is empty, and refused otherwise. */
const metadata = z.string().max(0, 'is not supported').optional();
export const imagesQuery = taggedQuery.extend({ taggingStatus: oneOf(TAGGINGS), $filter: metadata });
export const taggedCountQuery = z.object({ iterationId: optionalGuid, tagIds: guidList(MAX_TAGS_PER_COUNT) });
export const imageCountQuery = taggedCountQuery.extend({ taggingStatus: oneOf(TAGGINGS), $filter: metadata });
export const imagesByIdQuery = z.object({ imageIds: guidList(MAX_TRAINING_PAGE_SIZE), iterationId: optionalGuid });

export const deleteImagesQuery = z.object({ imageIds: guidList(MAX_TRAINING_PAGE_SIZE) });
export const deleteImagesQueryV3 = deleteImagesQuery.extend({ allImages: boolean, allIterations: boolean });
export const deleteImageTagsQuery = z.object({ imageIds: guidList(MAX_IMAGES_PER_BATCH), tagIds });

export const trainQueryV3 = z.object({
  trainingType: oneOf(['Regular', 'Advanced']),
  reservedBudgetInHours: decimal(0, 1_000),
  forceTrain: boolean,
  notificationEmailAddress: optionalText,
});
export const thresholdQuery = z.object({ threshold: decimal(0, 1) });
export const thresholdQueryV3 = thresholdQuery.extend({ overlapThreshold: decimal(0, 1) });
export const imagePerformanceQuery = z.object({ tagIds, ...page });
export const imagePerformanceCountQuery = z.object({ tagIds });
export const publishQuery = z.object({ publishName: optionalText, predictionId: optionalText, overwrite: boolean });
export const exportQuery = z.object({ platform: optionalText, flavor: optionalText });

export const quickTestQuery = z.object({ iterationId: optionalGuid });
export const quickTestQueryV3 = quickTestQuery.extend({ store: optionalBoolean });
export const predictQuery = z.object({ iterationId: optionalGuid, application: optionalText });
export const predictQueryV3 = z.object({ application: optionalText });
export const deletePredictionsQuery = z.object({ ids: guidList(MAX_IMAGES_PER_BATCH) });
