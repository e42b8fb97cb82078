import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { limited } from '@pentaprism/database';
import { systemNow } from '@pentaprism/domain';
import { Schema, type Model } from 'mongoose';

interface CounterDocument {
  _id: string;
  value: number;
  /** The latest whole second since the epoch in which a number was given. */
  second?: number;
}

export const COUNTER_MODEL = 'Counter';

export const counterSchema = new Schema<CounterDocument>(
  { _id: { type: String, required: true }, value: { type: Number, required: true }, second: Number },
  { collection: 'counters', versionKey: false },
);

export type Sequence = 'image' | 'tag' | 'job';

@Injectable()
export class CounterRepository {
  constructor(@InjectModel(COUNTER_MODEL) private readonly counters: Model<CounterDocument>) {}

  /**
   * Returns the first of `count` numbers that no other call gets. Outside of transactions, where a counter would make every two
   * of them conflict; a transaction that fails leaves a gap, and a number is never used again.
   */
  async next(workspace: string, sequence: Sequence, count = 1): Promise<number> {
    return (await this.nextInTime(workspace, sequence, count)).first;
  }

  /**
   * As `next`, with the second in which the numbers were given. It never goes back, whatever the clocks of several
   * instances say: a higher number never has an earlier second, so that both give the same order. `at` is now, within
   * that second: lists are ordered by one, and show the other.
   */
  async nextInTime(
    workspace: string,
    sequence: Sequence,
    count = 1,
  ): Promise<{ first: number; second: number; at: Date }> {
    const counting = this.counters
      .findOneAndUpdate(
        { _id: `${workspace}/${sequence}` },
        { $inc: { value: count }, $max: { second: Math.floor(systemNow() / 1000) } },
        { upsert: true, returnDocument: 'after' },
      )
      .lean();
    const counter = await limited(counting.exec());
    if (counter?.second === undefined) throw new Error('the counter was not returned');
    const second = counter.second;
    const at = new Date(Math.min(Math.max(systemNow(), second * 1000), second * 1000 + 999));
    return { first: counter.value - count + 1, second, at };
  }
}
