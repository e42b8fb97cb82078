import { isWritable } from '@pentaprism/domain';
import { z } from 'zod';

/** A text of one line that is not blank. */
export const line = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine((text) => text.trim() !== '', 'must not be blank')
    .refine(isWritable, 'must not have control characters');
