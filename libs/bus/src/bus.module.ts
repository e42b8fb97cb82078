import { Global, Inject, Injectable, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Bus } from './bus.js';
import type { BusConnection } from './connection.js';
import { FactPublisher } from './facts.js';

const BUS_CONNECTION = Symbol('BusConnection');

/** Closes the connection last: services and workers report over it while they stop. */
@Injectable()
class BusShutdown implements OnApplicationShutdown {
  constructor(@Inject(BUS_CONNECTION) private readonly connection: BusConnection) {}

  async onApplicationShutdown(): Promise<void> {
    const { nats, lost } = this.connection;
    // Without a server there is nothing to drain, and `drain` would wait until there is one.
    await Promise.race([nats.drain().catch(() => undefined), lost()]);
    await nats.close();
  }
}

/** Gives an app its `Bus` and `FactPublisher`. */
@Global()
@Module({})
export class BusModule {
  static forConnection(connection: BusConnection): DynamicModule {
    return {
      module: BusModule,
      providers: [
        { provide: BUS_CONNECTION, useValue: connection },
        { provide: Bus, useValue: new Bus(connection) },
        { provide: FactPublisher, useValue: new FactPublisher(connection) },
        BusShutdown,
      ],
      exports: [Bus, FactPublisher],
    };
  }
}
