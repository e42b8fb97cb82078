import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/**
 * Ends the output with one line that people and scripts can read alike: `12 passed, 0 failed, 1 skipped`. Where the file
 * TEST_TOTALS is named, the line counts the runs before this one, too.
 */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = results;
    // A suite that cannot even be loaded has no tests to count, and must not look like success.
    const broken = testResults.filter((suite) => suite.testExecError).length;
    const { passed, failed, skipped } = addUp({
      passed: numPassedTests,
      failed: numFailedTests + broken,
      skipped: numPendingTests + numTodoTests,
    });
    const parts = [`${passed} passed`, `${failed} failed`];
    if (skipped > 0) parts.push(`${skipped} skipped`);
    // jest prints its own summary after all other reporters unless it is listed, and the teardown comes later still.
    process.once('exit', () => process.stdout.write(`${parts.join(', ')}\n`));
  }
}

/** @param {{ passed: number, failed: number, skipped: number }} counts of this run */
function addUp(counts) {
  const file = process.env.TEST_TOTALS;
  if (!file) return counts;
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passed: 0, failed: 0, skipped: 0 };
  const totals = {
    passed: before.passed + counts.passed,
    failed: before.failed + counts.failed,
    skipped: before.skipped + counts.skipped,
  };
  writeFileSync(file, JSON.stringify(totals));
  return totals;
}
