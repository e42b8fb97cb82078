import { z } from 'zod';

export const imageMetadata = z
  .object({ imageId: z.string(), width: z.int(), height: z.int() })
  .meta({ id: 'ImageMetadata' });
