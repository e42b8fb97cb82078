import { MAX_COLUMN_NAME_LENGTH } from '@pentaprism/domain';
import { z } from 'zod';
import { pagingQuery } from './paging.js';

/** Images of a page if the client does not say. */
const DEFAULT_LIMIT = 100;

/** The name of a column of images, as it may be. */
export const imageColumn = z.string().min(1).max(MAX_COLUMN_NAME_LENGTH);

/** Without `featureName`: the images of all columns. */
export const imageSamplesQuery = z.object({ featureName: imageColumn.optional(), ...pagingQuery(DEFAULT_LIMIT) });

export const duplicatesQuery = z.object(pagingQuery(DEFAULT_LIMIT));

export const imageMetadata = z
  .object({ imageId: z.string(), width: z.int(), height: z.int() })
  .meta({ id: 'ImageMetadata' });

export const duplicateImage = z.object({ imageId: z.string(), rowCount: z.int() }).meta({ id: 'DuplicateImage' });
