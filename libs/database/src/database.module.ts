import { Global, Module, type DynamicModule, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectConnection, MongooseModule } from '@nestjs/mongoose';
import mongoose, { type Connection } from 'mongoose';
import { DatabaseTime } from './database-time.js';
import { Transactions } from './transactions.js';

/** Milliseconds to find a server before an operation fails: below the bus deadline, so that callers get our error. */
const SERVER_SELECTION_TIMEOUT_MS = 3000;
/** Connections of one process. */
const MAX_POOL_SIZE = 32;

// Filters may hold values of clients: an operator inside them is an error, not a query.
mongoose.set('sanitizeFilter', true);
mongoose.set('strictQuery', 'throw');

/**
 * The connection of an app to MongoDB: majority writes with journal, retried by the driver; waits for a server that is
 * not there yet when the app starts.
 */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationBootstrap {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** The service serves when its indexes are there: without the unique ones, rules would not hold yet. */
  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(Object.values(this.connection.models).map((model) => model.init()));
  }

  static forRoot(uri: string): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        MongooseModule.forRoot(uri, {
          serverSelectionTimeoutMS: SERVER_SELECTION_TIMEOUT_MS,
          maxPoolSize: MAX_POOL_SIZE,
          writeConcern: { w: 'majority', j: true },
          retryWrites: true,
          // An operation during an outage fails after the selection time-out instead of waiting in a buffer.
          bufferCommands: false,
          retryAttempts: Number.MAX_SAFE_INTEGER,
          retryDelay: 1000,
        }),
      ],
      providers: [DatabaseTime, Transactions],
      exports: [DatabaseTime, Transactions, MongooseModule],
    };
  }
}
