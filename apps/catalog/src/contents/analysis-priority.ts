/** BullMQ's: `awaited` analyses hold up a request, all others come after them. */
export const ANALYSIS_PRIORITY = { awaited: 0, later: 1 } as const;
