/**
 * A map of the plane, forwards: where a point of the old picture comes to lie in the new one.
 * Pixels, x to the right and y down, from the picture's middle.
 *
 *     x' = a x + b y + tx        y' = c x + d y + ty
 */
export interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly tx: number;
  readonly ty: number;
}

export const IDENTITY: Affine = { a: 1, b: 0, c: 0, d: 1, tx: 0, ty: 0 };

/** First `one`, then `two`. */
export function followedBy(one: Affine, two: Affine): Affine {
  return {
    a: two.a * one.a + two.b * one.c,
    b: two.a * one.b + two.b * one.d,
    c: two.c * one.a + two.d * one.c,
    d: two.c * one.b + two.d * one.d,
    tx: two.a * one.tx + two.b * one.ty + two.tx,
    ty: two.c * one.tx + two.d * one.ty + two.ty,
  };
}

/** The map back. Flips, rotations, shifts and scales above 0 always have one. */
export function inverse({ a, b, c, d, tx, ty }: Affine): Affine {
  const determinant = a * d - b * c;
  const back = { a: d / determinant, b: -b / determinant, c: -c / determinant, d: a / determinant };
  return { ...back, tx: -(back.a * tx + back.b * ty), ty: -(back.c * tx + back.d * ty) };
}
