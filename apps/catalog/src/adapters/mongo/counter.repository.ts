import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Schema, type Model } from 'mongoose';

interface CounterDocument {
  _id: string;
  value: number;
}

export const COUNTER_MODEL = 'Counter';

export const counterSchema = new Schema<CounterDocument>(
  { _id: { type: String, required: true }, value: { type: Number, required: true } },
  { collection: 'counters', versionKey: false },
);

export type Sequence = 'image' | 'tag' | 'job';

@Injectable()
export class CounterRepository {
  constructor(@InjectModel(COUNTER_MODEL) private readonly counters: Model<CounterDocument>) {}

  /**
   * The first of `count` numbers that nobody else gets. Outside of transactions, where a counter would make every two
   * of them conflict; a transaction that fails leaves a gap, and a number is never used again.
   */
  async next(workspace: string, sequence: Sequence, count = 1): Promise<number> {
    const counter = await this.counters
      .findOneAndUpdate(
        { _id: `${workspace}/${sequence}` },
        { $inc: { value: count } },
        { upsert: true, returnDocument: 'after' },
      )
      .lean();
    if (!counter) throw new Error('the counter was not returned');
    return counter.value - count + 1;
  }
}
