import { readConfig } from '@pentaprism/config';
import { createLogger, startMetrics, type Logger } from '@pentaprism/observability';
import { failStart, manageLifecycle } from '@pentaprism/service';
import { gatewayConfig } from './config.js';
import { createGateway } from './create-gateway.js';

let logger: Logger | undefined;
try {
  const config = readConfig(gatewayConfig);
  logger = createLogger('gateway', config.LOG_LEVEL);
  startMetrics('gateway');
  const app = await createGateway(config, logger);
  await app.listen({ host: config.HOST, port: config.PORT });
  manageLifecycle(app, logger);
} catch (error) {
  failStart(error, logger);
}
