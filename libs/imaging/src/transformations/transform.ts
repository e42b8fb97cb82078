import type { Applied, TransformationName } from '@pentaprism/domain';
import type { Affine } from '../affine.js';
import type { RawImage } from '../raw-image.js';

/** Moves pixels: adjacent ones become one map, so that a picture is interpolated once. */
export interface Geometry<N extends TransformationName> {
  readonly kind: 'geometry';
  readonly map: (drawn: Applied<N>, image: RawImage) => Affine;
}

/** Changes pixels where they are. Never writes into the image that it gets: other pictures are made from it too. */
export interface Filter<N extends TransformationName> {
  readonly kind: 'filter';
  readonly apply: (drawn: Applied<N>, image: RawImage) => RawImage | Promise<RawImage>;
}

export type Transform<N extends TransformationName> = Geometry<N> | Filter<N>;
