import type { AppliedTransformation, TransformationName } from '@pentaprism/domain';
import { followedBy, type Affine } from '../affine.js';
import type { RawImage } from '../raw-image.js';
import { warp } from '../warp.js';
import { blur } from './blur.js';
import { brightness } from './brightness.js';
import { contrast } from './contrast.js';
import { cutout } from './cutout.js';
import { horizontalFlip, verticalFlip } from './flip.js';
import { noise } from './noise.js';
import { rotation } from './rotation.js';
import { scale } from './scale.js';
import { shift } from './shift.js';
import type { Transform } from './transform.js';

const TRANSFORMS = {
  horizontal_flip: horizontalFlip,
  vertical_flip: verticalFlip,
  rotation,
  scale,
  shift,
  blur,
  brightness,
  contrast,
  noise,
  cutout,
} satisfies { readonly [N in TransformationName]: Transform<N> };

/** Any transform, with drawn values of its own name: that they belong together is what the table's type says. */
type AnyTransform =
  | { readonly kind: 'geometry'; readonly map: (drawn: AppliedTransformation, image: RawImage) => Affine }
  | {
      readonly kind: 'filter';
      readonly apply: (drawn: AppliedTransformation, image: RawImage) => RawImage | Promise<RawImage>;
    };

/** Applies a plan, in its order. The same plan and image give the same pixels; the image given stays as it is. */
export async function applyPlan(image: RawImage, plan: readonly AppliedTransformation[]): Promise<RawImage> {
  let current = image;
  let pending: Affine | undefined;
  for (const drawn of plan) {
    const transform = TRANSFORMS[drawn.name] as AnyTransform;
    if (transform.kind === 'geometry') {
      const map = transform.map(drawn, current);
      pending = pending === undefined ? map : followedBy(pending, map);
      continue;
    }
    if (pending !== undefined) current = warp(current, pending);
    pending = undefined;
    current = await transform.apply(drawn, current);
  }
  return pending === undefined ? current : warp(current, pending);
}
