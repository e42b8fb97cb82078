import { readConfig } from '@pentaprism/config';
import { createLogger, startMetrics, type Logger } from '@pentaprism/observability';
import { failStart, Lifecycle } from '@pentaprism/service';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { gatewayConfig } from './config.js';
import { createGateway } from './create-gateway.js';
import { Drain } from './http/drain.js';

/**
 * V8 counts the buffers of uploads that are not collected yet as if they were objects, and would go through all objects
 * each time that these buffers reach the size of half of them: for every third upload of a few megabytes, which took
 * more time than checking their bytes. In percent of what was in use after the collection before.
 */
setFlagsFromString('--heap-growing-percent=300');

let logger: Logger | undefined;
try {
  const config = readConfig(gatewayConfig);
  logger = createLogger('gateway', config.LOG_LEVEL);
  const lifecycle = new Lifecycle(logger, config);
  startMetrics('gateway');
  const app = await createGateway(config, logger);
  await app.listen({ host: config.HOST, port: config.PORT });
  lifecycle.serve(app, async () => {
    app.get(Drain).begin();
    await sleep(config.DRAIN_DELAY * 1000);
  });
} catch (error) {
  failStart(error, logger);
}
