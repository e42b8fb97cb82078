import { eventually } from '@pentaprism/testing';
import { cp, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import type { DrillContext } from '../drill.js';
import type { BlobDisk } from './blob-disk.js';
import type { GrowingDirectory } from './growing-directory.js';
import type { PushClient, PushLoad } from './push-load.js';
import type { ShownEventLogs } from './shown-event-logs.js';
import { whileShrinking } from './while-shrinking.js';

/** Milliseconds until what has to be shown, or has to be gone, is so. A busy machine is late. */
const SHOWN_WITHIN_MS = 90_000;
const STALLED_MS = 60_000;
/** Milliseconds for which gateways may answer what they have read before. */
const KEPT_MS = 1_500;
const WORKSPACE = 'default';
/** Where copies of the grown runs are read in one go. */
const UNDISTURBED = 'undisturbed';
/** Of what a difference is, as an example. */
const SHOWN_CHARACTERS = 400;

interface Parts {
  readonly directory: GrowingDirectory;
  readonly pushes: PushLoad;
  readonly shown: ShownEventLogs;
  readonly blobs: BlobDisk;
}

/** Faults of the places of event logs, and what is shown afterwards. */
export class EventLogFaults {
  readonly wrong: string[] = [];
  private hasCopies = false;

  constructor(
    private readonly faulty: FaultyStack,
    private readonly parts: Parts,
    private readonly context: DrillContext,
  ) {}

  /** Takes the directory away and brings it back: its runs are hidden, then shown with the same events. */
  async directoryAway(): Promise<void> {
    const { directory, shown } = this.parts;
    await directory.pause();
    await this.unread();
    await sleep(KEPT_MS);
    const names = directory.finished.map(({ name }) => name);
    const before = await shown.read(names, { withPictures: false });
    const away = `${directory.root}-away`;
    await rename(directory.root, away);
    await this.eventually('runs of a directory that is away are shown', async () => (await shown.runs()).length === 0);
    await rename(away, directory.root);
    await this.eventually('runs of a directory that is back are not shown', async () => {
      const runs = new Set(await shown.runs());
      return names.every((name) => runs.has(name));
    });
    await sleep(KEPT_MS);
    // Queries name events: those of a run that is read again are new.
    const changed = differences(before, await shown.read(names, { withPictures: false }));
    this.wrong.push(...changed.map((text) => `after the directory came back: ${text}`));
    directory.resume();
    this.context.log(`${names.length} runs were away and came back`);
  }

  /** Fills the disk of blobs to the floor and to the last byte: nothing is stored, all is read, and it goes on afterwards. */
  async fullDisk(): Promise<void> {
    const { blobs, pushes, directory } = this.parts;
    if (!blobs.disk) return;
    for (const to of ['below the floor', 'no byte'] as const) {
      const refusals = pushes.refusals;
      blobs.fill(to);
      await this.eventually(`${to}: no push is refused`, () => pushes.refusals > refusals);
      await this.eventually(`${to}: following does not say that it waits`, async () => (await this.waiting()) > 0);
      const [name = ''] = directory.finished.map((run) => run.name);
      await this.parts.shown.read([name]);
      blobs.empty();
      const acknowledged = pushes.acknowledged;
      await this.eventually(`${to}: pushing does not go on`, () => pushes.acknowledged > acknowledged);
      await this.eventually(`${to}: following waits still`, async () => (await this.waiting()) === 0);
      this.context.log(`${to}: ${pushes.refusals - refusals} pushes refused`);
    }
  }

  /** Waits until all files of the directory are read. Returns those that are not. */
  async unread(): Promise<string[]> {
    const look = async () => {
      const { database } = this.faulty;
      const runs = await database.collection('logged_runs').find({ workspace: WORKSPACE, removedAt: null }).toArray();
      const offsets = new Map<string, number>();
      for (const { _id, name } of runs)
        for (const file of await database.collection('log_files').find({ run: _id }).toArray())
          offsets.set(`${name}/${file['name']}`, Number(file['offset']));
      return this.parts.directory.finished.flatMap(({ name, files }) =>
        files.flatMap((file) => {
          const offset = offsets.get(`${name}/${file.name}`);
          return offset === file.bytes.length ? [] : [`${name}/${file.name}: ${offset} of ${file.bytes.length}`];
        }),
      );
    };
    await whileShrinking(async () => (await look()).length, { stalledMs: STALLED_MS });
    return look();
  }

  /** Compares the runs of the directory with copies that are read in one go. */
  async differencesOfDirectory(): Promise<string[]> {
    const { directory, shown } = this.parts;
    const { root, finished } = directory;
    const copyOf = (name: string) => `${UNDISTURBED}/${path.basename(name)}`;
    if (!this.hasCopies) {
      const copies = `${root}-${UNDISTURBED}`;
      await mkdir(copies);
      for (const { name } of finished) await cp(path.join(root, name), path.join(copies, path.basename(name)), { recursive: true }); // prettier-ignore
      await rename(copies, path.join(root, UNDISTURBED));
      this.hasCopies = true;
    }
    const names = finished.map(({ name }) => name);
    return this.compare(names, copyOf, shown, shown);
  }

  /** Compares the runs that were pushed with those that another workspace gets in one piece for each file. */
  async differencesOfPushes(
    pushed: ShownEventLogs,
    undisturbed: ShownEventLogs,
    client: PushClient,
  ): Promise<string[]> {
    const { finished } = this.parts.pushes;
    for (const { name, files } of finished)
      for (const file of files) {
        const answer = await client.append(name, file.name, 0, file.bytes);
        if (answer?.status !== 204) this.wrong.push(`${name} in one piece: ${answer?.status}`);
      }
    const names = finished.map(({ name }) => name);
    return this.compare(names, (name) => name, pushed, undisturbed);
  }

  private async compare(
    names: readonly string[],
    referenceOf: (name: string) => string,
    shown: ShownEventLogs,
    reference: ShownEventLogs,
  ): Promise<string[]> {
    const references = names.map(referenceOf);
    const areRead = async () => {
      const runs = new Set(await reference.runs());
      return references.every((name) => runs.has(name));
    };
    await this.eventually('runs that are read in one go are not shown', areRead);
    const look = async () => {
      const [is, was] = [await shown.read(names), await reference.read(references)];
      const renamed = new Map(names.map((name) => [name, was.get(referenceOf(name)) ?? '']));
      return [
        ...differences(renamed, is),
        ...names.filter((name) => is.get(name) === '').map((name) => `${name}: empty`),
      ];
    };
    // The copies may be in the middle of being read.
    await whileShrinking(async () => (await look()).length, { stalledMs: KEPT_MS * 4, everyMs: KEPT_MS });
    return look();
  }

  private async waiting(): Promise<number> {
    const answer = await fetch(`${this.faulty.stack.url}/metrics`);
    const lines = (await answer.text()).split('\n').filter((line) => /^pentaprism_log_directory_problems\{.*kind="waiting"/.test(line)); // prettier-ignore
    return Math.max(0, ...lines.map((line) => Number(line.split(' ').at(-1))));
  }

  private async eventually(otherwise: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const mustBeSo = async () => {
      if (!(await isSo())) throw new Error(otherwise);
    };
    await eventually(mustBeSo, { timeoutMs: SHOWN_WITHIN_MS, everyMs: 250 }).catch((error: unknown) => {
      this.wrong.push(String(error));
    });
  }
}

/** Compares texts by their names, line by line. */
function differences(was: ReadonlyMap<string, string>, is: ReadonlyMap<string, string>): string[] {
  return [...was].flatMap(([name, text]) => {
    const now = is.get(name) ?? '';
    if (now === text) return [];
    const [lines, linesNow] = [text.split('\n'), now.split('\n')];
    const at = lines.findIndex((line, i) => line !== linesNow[i]);
    const [one = '', two = ''] = [lines[at], linesNow[at]];
    return [`${name}: ${two.slice(0, SHOWN_CHARACTERS)} instead of ${one.slice(0, SHOWN_CHARACTERS)}`];
  });
}
