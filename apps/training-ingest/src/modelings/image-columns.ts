import { DomainError } from '@pentaprism/domain';
import type { ImageColumn, ModelingDocument } from './modeling.schema.js';

/** Returns one image column of a project, or all of them. Throws INVALID_ARGUMENT for another column. */
export function imageColumnsOf(
  { imageColumns }: Pick<ModelingDocument, 'imageColumns'>,
  name: string | undefined,
): readonly ImageColumn[] {
  if (name === undefined) return imageColumns ?? [];
  const found = imageColumns?.filter((column) => column.name === name) ?? [];
  if (found.length === 0) throw noImageColumn();
  return found;
}

export function noImageColumn(): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'The project has no image column of this name.', { field: 'column' });
}
