/** How a program of a client ended. */
export interface ClientOutcome {
  /** Its client and its file. */
  readonly name: string;
  readonly seconds?: number;
  /** Why it did not pass. */
  readonly failure?: string | undefined;
  /** Why it did not run. */
  readonly skipped?: string;
}

/**
 * Returns the closing lines of `npm run test:clients`, one for each program, with what it took or why it did not pass; and whether all
 * programs ran and passed.
 */
export function clientsReport(outcomes: readonly ClientOutcome[]): { lines: string[]; passed: boolean } {
  const count = (matches: (outcome: ClientOutcome) => boolean) => outcomes.filter(matches).length;
  const skipped = count((each) => each.skipped !== undefined);
  const failed = count((each) => each.failure !== undefined);
  const passed = outcomes.length - skipped - failed;
  const took = Math.round(outcomes.reduce((sum, { seconds = 0 }) => sum + seconds, 0));
  const sums = `${passed} of ${outcomes.length} programs passed, ${failed} failed, ${skipped} did not run (${took} s)`;
  return { lines: [...outcomes.map(lineOf), sums], passed: outcomes.length > 0 && passed === outcomes.length };
}

function lineOf({ name, seconds = 0, failure, skipped }: ClientOutcome): string {
  if (skipped !== undefined) return `NOT RUN  ${name}: ${skipped}`;
  const after = `${seconds.toFixed(0)} s`;
  return failure === undefined ? `passed   ${name} (${after})` : `FAILED   ${name} after ${after}: ${failure}`;
}
