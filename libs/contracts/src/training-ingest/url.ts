import { MAX_IMAGE_URL_LENGTH } from '@pentaprism/domain';
import { z } from 'zod';

/** The address that an image is fetched from. */
export const imageUrl = z.string().max(MAX_IMAGE_URL_LENGTH);
