import { readConfig } from '@pentaprism/config';
import { createLogger, startMetrics, type Logger } from '@pentaprism/observability';
import { failStart, Lifecycle, SystemClock } from '@pentaprism/service';
import { setTimeout as sleep } from 'node:timers/promises';
import { gatewayConfig } from './config.js';
import { createGateway } from './create-gateway.js';
import { Drain } from './http/drain.js';

let logger: Logger | undefined;
try {
  const config = readConfig(gatewayConfig);
  logger = createLogger('gateway', config.LOG_LEVEL);
  const lifecycle = new Lifecycle(logger, config);
  startMetrics('gateway');
  const app = await createGateway(config, logger);
  await app.get(SystemClock).start();
  await app.listen({ host: config.HOST, port: config.PORT });
  lifecycle.serve(app, async () => {
    app.get(Drain).begin();
    await sleep(config.DRAIN_DELAY * 1000);
  });
} catch (error) {
  failStart(error, logger);
}
