import { Catch, Controller, Module, type RpcExceptionFilter, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { INestMicroservice } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import {
  healthContracts,
  rpcsOwnedBy,
  tagContracts,
  type Fact,
  type ParsedRequestOf,
  type Rpc,
  type ServiceName,
} from '@pentaprism/contracts';
import { NestLogger, type Logger } from '@pentaprism/observability';
import 'reflect-metadata';
import { throwError, type Observable } from 'rxjs';
import { BusModule } from './bus.module.js';
import { BusServer } from './bus-server.js';
import { connectBus } from './connection.js';
import { FactHandler, RpcHandler, type HandlerContext } from './handlers.js';

interface Surroundings {
  readonly natsUrl: string;
  readonly subjectPrefix: string;
  readonly logger: Logger;
}

/** Services put a filter of their own here, which also translates faults of the database. */
@Catch()
class PassOn implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/** A Nest service with these controllers on the bus; not listening yet. */
export async function createOnBus(
  { natsUrl, subjectPrefix, logger }: Surroundings,
  service: ServiceName,
  ...controllers: Type[]
): Promise<INestMicroservice> {
  const connection = await connectBus({ url: natsUrl, prefix: subjectPrefix, name: service, logger });

  @Module({ imports: [BusModule.forConnection(connection)], controllers })
  class ServiceModule {}

  const app = await NestFactory.createMicroservice<MicroserviceOptions>(ServiceModule, {
    strategy: new BusServer(connection, service, logger),
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  app.useGlobalFilters(new PassOn());
  return app;
}

export async function startOnBus(
  surroundings: Surroundings,
  service: ServiceName,
  ...controllers: Type[]
): Promise<INestMicroservice> {
  const app = await createOnBus(surroundings, service, ...controllers);
  await app.listen();
  return app;
}

/** A controller with one handler, which may also answer what the contract's type does not allow. */
export function rpcController<R extends Rpc>(
  rpc: R,
  answer: (request: ParsedRequestOf<R>, context: HandlerContext) => unknown,
): Type {
  @Controller()
  class OneHandler {
    @RpcHandler(rpc)
    async handle(request: ParsedRequestOf<R>, context: HandlerContext): Promise<never> {
      return (await answer(request, context)) as never;
    }
  }
  return OneHandler;
}

export function factController<F extends Fact>(
  fact: F,
  handle: (data: unknown, context: HandlerContext) => unknown,
): Type {
  @Controller()
  class OneConsumer {
    @FactHandler(fact)
    async handle(data: unknown, context: HandlerContext): Promise<void> {
      await handle(data, context);
    }
  }
  return OneConsumer;
}

export type Ensure = (request: ParsedRequestOf<typeof tagContracts.ensure>, context: HandlerContext) => unknown;

/** Every handler that a service owes: those that are given, and empty answers to all other calls. */
export function allControllers(service: ServiceName, own: ReadonlyMap<Rpc, Type>): Type[] {
  return rpcsOwnedBy(service).map((rpc) => own.get(rpc) ?? rpcController(rpc, () => ({})));
}

/** Those of the tagging service; the last one answers for its health. */
export function taggingControllers(ensure: Ensure = () => ({ tags: [] })): Type[] {
  return allControllers(
    'tagging',
    new Map<Rpc, Type>([
      [tagContracts.ensure, rpcController(tagContracts.ensure, ensure)],
      [
        healthContracts.tagging,
        rpcController(healthContracts.tagging, () => ({ service: 'tagging', dependencies: [] })),
      ],
    ]),
  );
}

/** The same for the worker. */
export function workerControllers(): Type[] {
  return allControllers('worker', new Map());
}
