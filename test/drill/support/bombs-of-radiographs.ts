import { createRandom } from '@pentaprism/domain';
import { APPS } from '@pentaprism/local';
import { FILTERS, FiltersClient, form, infoPart, mediaPart } from '../../e2e/support/filters.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import type { Answer } from '../../e2e/support/http.js';
import { createKey } from '../../e2e/support/stack.js';
import { none, type DrillContext, type Measure } from '../drill.js';
import { analysed } from './analysed.js';
import { EVENT_LOOP_MS, EventLoop } from './event-loop.js';
import { memory, peakMemory, processTree, resetPeakMemory } from './processes.js';
import type { RadiographBomb } from './radiograph-bombs.js';
import { radiograph } from './radiographs.js';

const WORKSPACE = 'drill-bombs';
const REFUSED_WITHIN_MS = 250;
/** Milliseconds for files of tens of megabytes, and for pixels that have to be inflated before they are known. */
const ANSWERED_WITHIN_MS = 10_000;
const MORE_MEMORY_MB = 100;
/** Where a decode process is ended. What is legal is made into a picture there. */
const DECODE_PROCESS_MB = 1074;
/** As many as there are decode processes and more, so that all of them run and are warm. */
const WARM = 12;

/**
 * Radiographs are looked at by the gateway while they come, so that is where their bombs have to be harmless. A legal one
 * also goes through a decode process, which is held to its own limit.
 */
export async function bombsOfRadiographs(
  faulty: FaultyStack,
  chosen: readonly RadiographBomb[],
  context: DrillContext,
): Promise<{ measures: Measure[]; wrong: string[] }> {
  const { stack } = faulty;
  const system = { url: stack.url, ownerKey: stack.ownerKey, data: '' };
  const client = new FiltersClient(system, await createKey(system, { workspace: WORKSPACE }));
  const random = createRandom(`${context.seed}/warm`);
  for (let i = 0; i < WARM; i++) await post(client, radiograph(random));
  await analysed(faulty);
  const apps = APPS.filter(({ name }) => name !== 'worker').map(({ name }) => faulty.part(name).pid ?? 0);
  const all = APPS.map(({ name }) => faulty.part(name).pid);
  const eventLoop = await EventLoop.watch(stack.url, faulty.part('gateway').pid ?? 0);
  const worst = { early: 0, late: 0, memory: 0, decoder: 0, eventLoop: 0, looks: 0 };
  const wrong: string[] = [];
  for (const { name, make, status, early } of chosen) {
    const bytes = make();
    const before = apps.map((pid) => memory(pid));
    const decoders = processTree(faulty.part('worker').pid ?? 0);
    for (const pid of [...apps, ...decoders]) resetPeakMemory(pid);
    const since = performance.now();
    const answer = await post(client, bytes);
    const milliseconds = performance.now() - since;
    const look = await eventLoop.look();
    await analysed(faulty);
    const megabytes = apps.reduce((sum, pid, i) => sum + Math.max(0, peakMemory(pid) - (before[i] ?? 0)), 0);
    if (answer.status !== status) wrong.push(`${name}: ${answer.status} ${answer.bytes.toString('utf8', 0, 200)}`);
    worst[early ? 'early' : 'late'] = Math.max(worst[early ? 'early' : 'late'], milliseconds);
    worst.memory = Math.max(worst.memory, megabytes);
    // 0 for one that was ended, as too large ones are.
    const decoder = Math.max(0, ...decoders.map((pid) => peakMemory(pid) || 0));
    worst.decoder = Math.max(worst.decoder, decoder);
    if (look.counts) [worst.eventLoop, worst.looks] = [Math.max(worst.eventLoop, look.milliseconds), worst.looks + 1];
    const costs = `${Math.round(milliseconds)} ms, ${Math.round(megabytes)} MB more, decoding ${Math.round(decoder)} MB`;
    const state = `event loop p99 ${Math.round(look.milliseconds)} ms, ${Math.round(look.starved * 100)} % without a core`;
    context.log(`radiograph ${name}: ${answer.status} after ${costs}, ${state}`);
    // Else the work for it would be in the way of the next one.
    await eventLoop.look();
  }
  const restarted = APPS.filter(({ name }, i) => faulty.part(name).pid !== all[i]).map(({ name }) => name);
  const legal = WARM + chosen.filter(({ status }) => status === 201).length;
  const records = await faulty.database.collection('images').countDocuments({ workspace: WORKSPACE });
  if (records !== legal) wrong.push(`${records} records of ${legal}`);
  const ended = { workspace: WORKSPACE, state: { $in: ['decoded', 'undecodable'] } };
  const shown = await faulty.database.collection('images').countDocuments(ended);
  if (shown !== legal) wrong.push(`${shown} pictures or known not to have one, of ${legal}`);
  return {
    measures: [
      none('radiographs answered otherwise than they should', wrong),
      none('apps that restarted', restarted),
      { what: 'radiographs refused early', worst: worst.early, atMost: REFUSED_WITHIN_MS, unit: 'ms' },
      { what: 'other radiographs answered', worst: worst.late, atMost: ANSWERED_WITHIN_MS, unit: 'ms' },
      { what: 'more memory of all apps but the worker', worst: worst.memory, atMost: MORE_MEMORY_MB, unit: 'MB' },
      { what: 'memory of a decode process', worst: worst.decoder, atMost: DECODE_PROCESS_MB, unit: 'MB' },
      {
        what: `event loop p99, ${worst.looks} of ${chosen.length} times`,
        worst: worst.eventLoop,
        atMost: EVENT_LOOP_MS,
        unit: 'ms',
      },
    ],
    wrong,
  };
}

function post(client: FiltersClient, media: Buffer): Promise<Answer> {
  const { headers, body } = form([infoPart(), mediaPart(media)]);
  return client.send('POST', `${FILTERS}/images`, { headers: { ...headers, connection: 'close' }, body });
}
