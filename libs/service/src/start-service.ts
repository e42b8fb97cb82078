import { Global, Module, type INestMicroservice, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { answerMetrics, BusModule, BusServer, connectBus } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import type { ServiceName } from '@pentaprism/contracts';
import { createLogger, LOGGER, NestLogger, startMetrics, type Logger } from '@pentaprism/observability';
import 'reflect-metadata';
import type { z } from 'zod';
import { DomainErrorFilter } from './domain-error.filter.js';
import { createHealthController, type Probes } from './health.controller.js';
import { failStart, Lifecycle } from './lifecycle.js';
import { SystemClock } from './system-clock.js';

/** The variables that every service's schema has. */
interface ServiceConfig {
  NATS_URL: string;
  SUBJECT_PREFIX: string;
  LOG_LEVEL: string;
  HEARTBEAT_FILE?: string | undefined;
  STOP_LIMIT: number;
}

export interface ServiceDefinition<Schema extends z.ZodType<ServiceConfig>> {
  readonly name: ServiceName;
  readonly config: Schema;
  readonly imports: (config: z.output<Schema>, logger: Logger) => NonNullable<ModuleMetadata['imports']>;
  /** What the service depends on, for its health. */
  readonly probes?: (app: INestMicroservice) => Probes;
}

/** Creates a service that is not listening yet: tests start several in one process. */
export async function createService<Schema extends z.ZodType<ServiceConfig>>(
  definition: ServiceDefinition<Schema>,
  config: z.output<Schema>,
  logger: Logger,
): Promise<INestMicroservice> {
  const { name } = definition;
  const connection = await connectBus({ url: config.NATS_URL, prefix: config.SUBJECT_PREFIX, name, logger });

  @Global()
  @Module({
    imports: [BusModule.forConnection(connection), ...definition.imports(config, logger)],
    controllers: [createHealthController(name, () => definition.probes?.(app) ?? {})],
    providers: [{ provide: LOGGER, useValue: logger }, SystemClock],
    exports: [LOGGER],
  })
  class ServiceModule {}

  const app: INestMicroservice = await NestFactory.createMicroservice<MicroserviceOptions>(ServiceModule, {
    strategy: new BusServer(connection, name, logger),
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalFilters(new DomainErrorFilter());
  answerMetrics(connection);
  return app;
}

/** The whole `main.ts` of a service: configuration, log, bus, handlers, health, metrics, clean stop. */
export async function startService<Schema extends z.ZodType<ServiceConfig>>(
  definition: ServiceDefinition<Schema>,
): Promise<void> {
  let logger: Logger | undefined;
  try {
    const config = readConfig(definition.config);
    logger = createLogger(definition.name, config.LOG_LEVEL);
    const lifecycle = new Lifecycle(logger, config);
    startMetrics(definition.name);
    const app = await createService(definition, config, logger);
    await app.get(SystemClock).start();
    await app.listen();
    lifecycle.serve(app);
  } catch (error) {
    failStart(error, logger);
  }
}
