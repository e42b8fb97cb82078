// @ts-check

/** How many checks of this process passed, and how many failed. */
export const totals = { passed: 0, failed: 0 };

/**
 * Runs one check and reports it. A failed check does not stop the others.
 * @param {string} title
 * @param {() => unknown} work
 */
export async function check(title, work) {
  const startedAt = Date.now();
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  try {
    const detail = await work();
    totals.passed += 1;
    console.log(`ok   ${title}${typeof detail === 'string' ? `: ${detail}` : ''} (${seconds()})`);
    return true;
  } catch (error) {
    totals.failed += 1;
    console.log(`FAIL ${title} (${seconds()})\n${error instanceof Error ? error.stack : String(error)}`);
    if (error instanceof Error && error.cause) console.log('cause:', error.cause);
    return false;
  } finally {
    process.send?.(totals);
  }
}
