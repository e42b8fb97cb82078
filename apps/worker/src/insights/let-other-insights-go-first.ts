import type { Bus } from '@pentaprism/bus';
import { imageInsightContracts } from '@pentaprism/contracts';
import { LetOthersGoFirst } from '@pentaprism/jobs';
import type { Turn } from '../datasets/turn.js';

/**
 * Called by a job of insights after it has recorded a part. The first call begins its turn.
 *
 * @throws LetOthersGoFirst if the turn is over and other jobs wait. Another start goes on behind what is recorded
 */
export async function letOtherInsightsGoFirst(bus: Bus, turn: Turn): Promise<void> {
  turn.begin();
  if (turn.isOver && (await bus.call(imageInsightContracts.othersWait, {})).othersWait) throw new LetOthersGoFirst();
}
