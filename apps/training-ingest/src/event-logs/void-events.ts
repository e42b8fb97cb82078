/** Events that a restart of the writer has made void: those at a step and later ones whose places are below another. */
export interface VoidEvents {
  /** As in the documents of events. */
  readonly from: string;
  readonly before: number;
}

/** Returns the filter for events of a series that are not void. */
export function notVoid(voids: readonly VoidEvents[] = []): object {
  if (voids.length === 0) return {};
  return { $nor: voids.map(({ from, before }) => ({ step: { $gte: from }, place: { $lt: before } })) };
}

/** As {@link notVoid}, as an expression in which `$$voids` is the array of a series. */
export const NOT_VOID = {
  $not: {
    $anyElementTrue: {
      $map: {
        input: '$$voids',
        in: { $and: [{ $gte: ['$step', '$$this.from'] }, { $lt: ['$place', '$$this.before'] }] },
      },
    },
  },
};

export function isVoid({ step, place }: { step: string; place: number }, voids: readonly VoidEvents[] = []): boolean {
  return voids.some(({ from, before }) => step >= from && place < before);
}
