import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import type { Connection } from 'mongoose';

/** Reads MongoDB's clock, which is the system time. */
@Injectable()
export class DatabaseTime {
  constructor(@InjectConnection() private readonly connection: Connection) {}

  /** Returns milliseconds since 1970. @throws Error when MongoDB does not answer */
  async read(): Promise<number> {
    const answer = await this.connection.db?.command({ hello: 1 });
    const time: unknown = answer?.['localTime'];
    if (!(time instanceof Date)) throw new Error('MongoDB did not state its time.');
    return time.getTime();
  }
}
