/** Stops the servers of the run when the last project that uses them is done. */
export default async function teardown() {
  const run = globalThis.__pentaprismServers;
  if (run === undefined || (run.users -= 1) > 0) return;
  globalThis.__pentaprismServers = undefined;
  const { servers, directory } = await run.started;
  await servers.stop();
  directory.remove();
}
