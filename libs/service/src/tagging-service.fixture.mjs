// The smallest service there is, as a process of its own: what `main.ts` of an app does.
import { Controller } from '@nestjs/common';
import { RpcHandler } from '@pentaprism/bus';
import { busVariables } from '@pentaprism/config';
import { healthContracts, rpcsOwnedBy, tagContracts } from '@pentaprism/contracts';
import { startService } from '@pentaprism/service';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

class Tags {
  async ensure() {
    process.send('asked');
    await sleep(500);
    return { tags: [] };
  }
}
RpcHandler(tagContracts.ensure)(Tags.prototype, 'ensure', Object.getOwnPropertyDescriptor(Tags.prototype, 'ensure'));
// A service starts only with a handler for each of its contracts.
for (const rpc of rpcsOwnedBy('tagging')) {
  if (rpc === tagContracts.ensure || rpc === healthContracts.tagging) continue;
  const name = rpc.subject;
  Tags.prototype[name] = () => Promise.reject(new Error('nobody asks for this here'));
  RpcHandler(rpc)(Tags.prototype, name, Object.getOwnPropertyDescriptor(Tags.prototype, name));
}
Controller()(Tags);

await startService({
  name: 'tagging',
  config: z.object(busVariables),
  imports: () => [{ module: class Module {}, controllers: [Tags] }],
});
