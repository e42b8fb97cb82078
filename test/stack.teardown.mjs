/** Stops the system of the end-to-end suites. */
export default async function teardown() {
  const { stack, directory, end } = globalThis.__pentaprismStack ?? {};
  if (stack === undefined) return;
  process.off('exit', end);
  await stack.stop();
  directory.remove();
}
