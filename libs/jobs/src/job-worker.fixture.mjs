// A worker process that takes jobs and never finishes one: tests end it with SIGKILL.
// Usage: node job-worker.fixture.mjs <surroundings as JSON>
import { Bus, connectBus } from '@pentaprism/bus';
import { makeSamples } from '@pentaprism/contracts';
import { JobRunner } from '@pentaprism/jobs';
import { createLogger } from '@pentaprism/observability';
import { Worker } from 'bullmq';

const { natsUrl, redisUrl, subjectPrefix, queuePrefix } = JSON.parse(process.argv[2]);
const logger = createLogger('doomed', 'silent');
const bus = new Bus(await connectBus({ url: natsUrl, prefix: subjectPrefix, name: 'doomed', logger }));
const run = () => {
  process.send('running');
  return new Promise(() => undefined);
};
const runner = new JobRunner(bus, logger, 'doomed', [{ type: makeSamples, run }]);
new Worker(makeSamples.queue, (job) => runner.process(job), {
  connection: { url: redisUrl, maxRetriesPerRequest: null },
  prefix: queuePrefix,
  lockDuration: 1500,
  stalledInterval: 500,
});
