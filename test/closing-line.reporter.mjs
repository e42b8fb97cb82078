/** Ends the output with one line that people and scripts can read alike: `12 passed, 0 failed, 1 skipped`. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = results;
    // A suite that cannot even be loaded has no tests to count, and must not look like success.
    const broken = testResults.filter((suite) => suite.testExecError).length;
    const skipped = numPendingTests + numTodoTests;
    const parts = [`${numPassedTests} passed`, `${numFailedTests + broken} failed`];
    if (skipped > 0) parts.push(`${skipped} skipped`);
    // jest prints its own summary after all other reporters unless it is listed, and the teardown comes later still.
    process.once('exit', () => process.stdout.write(`${parts.join(', ')}\n`));
  }
}
