import { DomainError } from '@pentaprism/domain';
import { z } from 'zod';
import { imageListQuery } from './wire.js';

/**
 * Names or patterns of tags: delimited by pipes, also over several parameters of the same name. A pipe that was escaped
 * (`%7C`) delimits as well: no name holds one. Empty items are dropped.
 */
const tagList = z
  .union([z.string(), z.array(z.string())])
  .default('')
  .transform((lists) => [lists].flat().flatMap((list) => list.split('|').filter((item) => item !== '')))
  .meta({ type: 'array', items: { type: 'string' } });

export const imageSearchQuery = imageListQuery.extend({ exact_tags: tagList, match_tags: tagList });
export type ImageSearchQuery = z.output<typeof imageSearchQuery>;

/**
 * Both parameters are marked as required in the original, which no sensible call satisfies: one of them must name a tag,
 * and clients that were generated from its file send the other one empty.
 *
 * @throws DomainError INVALID_ARGUMENT
 */
export function checkSearch({ exact_tags, match_tags }: ImageSearchQuery): void {
  if (exact_tags.length > 0 || match_tags.length > 0) return;
  throw new DomainError('INVALID_ARGUMENT', 'Name at least one tag in exact_tags or match_tags.');
}
