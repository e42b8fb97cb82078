import {
  checkTransformations,
  DomainError,
  NEW_IMAGES_PER_IMAGE,
  type TransformationSetting,
} from '@pentaprism/domain';

interface Recipe {
  readonly numberOfNewImages?: number | undefined;
  readonly transformations?: readonly TransformationSetting[] | undefined;
}

/**
 * Checks what of a recipe is given.
 *
 * @param minNewImages a list that exists may be set to 0, to be kept without effect
 * @throws DomainError INVALID_ARGUMENT with `details.field`
 */
export function checkRecipe({ numberOfNewImages, transformations }: Recipe, minNewImages: number): void {
  const { max } = NEW_IMAGES_PER_IMAGE;
  if (numberOfNewImages !== undefined && (numberOfNewImages < minNewImages || numberOfNewImages > max)) {
    throw new DomainError('INVALID_ARGUMENT', `numberOfNewImages must be from ${minNewImages} to ${max}.`, {
      field: 'numberOfNewImages',
    });
  }
  if (transformations) checkTransformations(transformations);
}
