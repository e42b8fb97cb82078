import { createTemporaryDirectory } from '@pentaprism/local';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKey } from '../e2e/support/stack.js';
import { READY_WITHIN_MS, startFaultyStack, type FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, shuffled, wholeWithin, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { BlobDisk } from './support/blob-disk.js';
import { sweepEventBlobs } from './support/event-blobs.js';
import { EventLogFaults } from './support/event-log-faults.js';
import { GrowingDirectory } from './support/growing-directory.js';
import { PushClient, PushLoad } from './support/push-load.js';
import { SecondInstance } from './support/second-instance.js';
import { ShownEventLogs } from './support/shown-event-logs.js';
import { sweepEverything } from './support/sweep.js';

const APP = 'training-ingest';
const SECOND = 'the second training-ingest';
const KILLS: Readonly<Record<string, number>> = { [APP]: 4, [SECOND]: 4, mongod: 6, gateway: 6 };
const MAX_DELAY_MS = 1500;
/** Seconds between looks at the directory. */
const INTERVAL = '1';

/** Directories grow and clients push while services are killed, the directory is away, and the disk is full. */
export const eventLogsUnderKills: Drill = {
  number: 27,
  name: 'event logs under kills',
  goal:
    '20 kill -9 of two training-ingests, MongoDB and the gateway while runs of a log directory grow and clients push, the ' +
    'directory away and back, a full disk: the lists and pictures of an undisturbed read, nothing acknowledged lost, no orphan.',
  limitSeconds: 30 * 60,
  byHand: true,
  run: async (context) => {
    const [blobs, logs] = [new BlobDisk(), createTemporaryDirectory()];
    const root = path.join(logs.path, 'runs');
    mkdirSync(root, { recursive: true });
    const settings = { ...blobs.settings, TENSORBOARD_LOGDIR: root, TENSORBOARD_RELOAD_INTERVAL: INTERVAL };
    try {
      const faulty = await startFaultyStack(settings);
      try {
        return await run({ ...faulty, blobs: blobs.path }, blobs, root, context);
      } finally {
        await faulty.stop();
      }
    } finally {
      blobs.remove();
      logs.remove();
    }
  },
};

async function run(faulty: FaultyStack, blobs: BlobDisk, root: string, context: DrillContext): Promise<DrillResult> {
  const { url, ownerKey } = faulty.stack;
  const keyOf = async (workspace: string) => (await createKey({ url, ownerKey, data: '' }, { workspace })).key;
  const [pushedKey, undisturbedKey] = [await keyOf('pushed'), await keyOf('undisturbed')];
  const directory = new GrowingDirectory(root, context.random('directory'));
  const pushes = new PushLoad(new PushClient(url, pushedKey), context.random('pushes'));
  const shown = { directory: new ShownEventLogs(url, ownerKey), pushed: new ShownEventLogs(url, pushedKey) };
  const faults = new EventLogFaults(faulty, { directory, pushes, shown: shown.directory, blobs }, context);
  const second = await SecondInstance.start(faulty, APP);
  try {
    directory.start();
    pushes.start();
    const killed = await kills({ faulty, second, directory, pushes }, context);
    await faults.directoryAway();
    await faults.fullDisk();
    await Promise.all([directory.stop(), pushes.stop()]);
    context.log(`${directory.finished.length} runs grown, ${pushes.finished.length} pushed; reading them undisturbed`);
    const unread = await faults.unread();
    const undisturbed = new ShownEventLogs(url, undisturbedKey);
    const different = [
      ...(await faults.differencesOfDirectory()),
      ...(await faults.differencesOfPushes(shown.pushed, undisturbed, new PushClient(url, undisturbedKey))),
    ];
    context.log('sweeping');
    const { orphans, missing } = await sweepEventBlobs(faulty, second);
    const { temporary } = await sweepEverything(faulty);
    const differentAfter = await faults.differencesOfDirectory();
    const wrong = [
      ...pushes.wrong,
      ...faults.wrong,
      ...shown.directory.wrong,
      ...shown.pushed.wrong,
      ...undisturbed.wrong,
    ];
    const diskNote = blobs.disk
      ? `${pushes.refusals} pushes on a full disk`
      : 'no full disk, since nothing may be mounted';
    return {
      did: `${killed.count} kills, ${directory.finished.length} runs grown, ${pushes.finished.length} pushed, ${diskNote}`,
      measures: [
        { what: 'runs grown', worst: directory.finished.length, atLeast: 3 },
        { what: 'runs pushed', worst: pushes.finished.length, atLeast: 3 },
        { what: 'pieces acknowledged', worst: pushes.acknowledged, atLeast: killed.count },
        none('acknowledged and lost', pushes.lost),
        none('files not read to their end', unread),
        none('lists and pictures that differ from an undisturbed read', [...different, ...differentAfter]),
        none('wrong answers', wrong),
        none('blobs without an event after the sweep', orphans),
        none('blobs missing', missing),
        none('temporary files after the sweep', temporary),
        ...(blobs.disk ? [{ what: 'pushes refused by a full disk', worst: pushes.refusals, atLeast: 1 }] : []),
        { what: 'ready again by itself', worst: killed.slowestMs, atMost: READY_WITHIN_MS, unit: 'ms' },
      ],
      examples: examplesOf({
        lost: pushes.lost,
        unread,
        different,
        differentAfter,
        wrong,
        orphans,
        missing,
        temporary,
      }),
    };
  } finally {
    await Promise.all([directory.stop(), pushes.stop()]);
    await second.stop();
  }
}

interface Load {
  readonly faulty: FaultyStack;
  readonly second: SecondInstance;
  readonly directory: GrowingDirectory;
  readonly pushes: PushLoad;
}

async function kills({ faulty, second, directory, pushes }: Load, context: DrillContext) {
  const random = context.random('kills');
  const targets = Object.entries(KILLS).flatMap(([name, full]) => Array<string>(context.count(full)).fill(name));
  let slowestMs = 0;
  for (const [index, name] of shuffled(random, targets).entries()) {
    await Promise.all([directory.goesOn(5), pushes.goesOn(5)]);
    await sleep(wholeWithin(random, 0, MAX_DELAY_MS));
    const killedAt = performance.now();
    if (name === SECOND) {
      second.kill();
      await second.recovered();
    } else {
      faulty.kill(name);
      await faulty.recovered(name);
    }
    const readyMs = performance.now() - killedAt;
    slowestMs = Math.max(slowestMs, readyMs);
    context.log(`${index + 1}/${targets.length} ${name}: ready after ${Math.round(readyMs)} ms`);
  }
  return { count: targets.length, slowestMs };
}
