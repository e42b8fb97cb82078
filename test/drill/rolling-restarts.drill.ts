import { rollingRestarts as restart } from '../e2e/support/rolling.js';
import { examplesOf, none, type Drill } from './drill.js';

const RESTARTS = 20;

/** Two of each app behind a balancer; each process is told to stop and is replaced while clients go on. */
export const rollingRestarts: Drill = {
  number: 11,
  name: 'rolling restarts',
  goal: '20 rolling SIGTERMs under load: no failed request.',
  limitSeconds: 8 * 60,
  run: async (context) => {
    const count = context.count(RESTARTS);
    const { requests, failed, wrong, lost, restarts } = await restart({ count, seed: context.seed, log: context.log });
    return {
      did: `${restarts.length} restarts, ${requests} requests`,
      measures: [
        { what: 'restarts', worst: restarts.length, atLeast: count },
        none('failed requests', failed),
        none('wrong answers', wrong),
        none('acknowledged uploads lost', lost),
      ],
      examples: examplesOf({ failed, wrong, lost }),
    };
  },
};
