import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { scrubArea, type BlobEntry, type BlobKey, type BlobStore } from '@pentaprism/blob-store';
import { EVENT_IMAGES_AREA } from '@pentaprism/contracts';
import { systemDate, systemNow } from '@pentaprism/domain';
import { LOGGER, metrics, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, Rounds } from '@pentaprism/service';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContentRepository, derivedOf } from '../contents/content.repository.js';
import type { ContentDocument } from '../contents/content.schema.js';
import { RemakePictures } from './remake-pictures.usecase.js';
import { newPass, ScrubRepository, type ScrubFinding, type ScrubProgress } from './scrub.repository.js';
import { CATALOG_CONFIG, type CatalogConfig } from '../config/config.js';

/** Milliseconds between two looks whether there is something to scrub, or whether another process has stopped to. */
const ROUND_MS = 5000;
/** Milliseconds for which a process keeps the right to scrub without saying anything. */
const LEASE_MS = 60_000;
/** Milliseconds between two notes of the position. A restart goes on from the last one. */
const SAVE_MS = 2000;
/** What the store holds, in the order in which it is checked. Records come last: what they name must be there. */
const AREAS = [
  'originals',
  'thumbnails',
  'samples',
  'models',
  'modality',
  'predictions',
  'insights',
  'datasets',
  EVENT_IMAGES_AREA,
];
const BATCH = 100;
/** Findings that are kept for operators; the log has all of them. */
const MOST_FINDINGS = 100;
/** Milliseconds that looking whether the bytes of a record are there may take a share of: one look in ten. */
const RECORD_PAUSE_MS = 2;
/** Contents that were analysed by an earlier version, and are analysed again in one pass. */
const MAX_COMPLETED_PER_PASS = 20_000;

/**
 * Reads all stored bytes again and again, slowly, to find damaged ones before they are needed, and looks whether the
 * bytes of all contents are there. One process of the installation at a time; the position is in the database.
 */
@Injectable()
export class ScrubBlobs implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;
  private readonly holder = randomUUID();
  private savedAt = 0;
  /** Analyses that were begun to complete records, in this pass of this process. */
  private completed = 0;
  private lost = false;

  constructor(
    private readonly scrubs: ScrubRepository,
    private readonly contents: ContentRepository,
    private readonly pictures: RemakePictures,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(CATALOG_CONFIG) private readonly config: CatalogConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.rounds = new Rounds('scrub', logger);
  }

  onApplicationBootstrap(): void {
    if (this.config.BLOB_SCRUB_RATE > 0) this.rounds.every(ROUND_MS, () => this.scrub());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /**
   * Goes on with the pass that is under way, or begins one if the last one ended long enough ago.
   * @returns the progress at the end; null if another process scrubs, or if it is not time yet
   */
  async scrub(now = systemDate()): Promise<ScrubProgress | null> {
    const found = await this.scrubs.claim(this.holder, now, new Date(now.getTime() + LEASE_MS));
    if (!found) return null;
    const { finishedAt, ...known } = found;
    const isOver = finishedAt !== null && finishedAt >= known.startedAt;
    if (isOver && now.getTime() - finishedAt.getTime() < this.config.BLOB_SCRUB_PAUSE * 1000) return null;
    const { step, after, checked, damaged, missing, startedAt } = known;
    // Documents of earlier versions have neither of these.
    const { remade = 0, findings = [] } = known;
    const progress = isOver ? newPass(now) : { step, after, checked, damaged, missing, remade, findings, startedAt };
    this.lost = false;
    if (isOver) this.completed = 0;
    if (await this.pass(progress)) await this.finish(progress);
    else if (!this.lost) await this.scrubs.save(this.holder, progress, systemDate());
    return progress;
  }

  private readonly stopped = () => this.rounds.stopped || this.lost;

  /** @returns whether the end was reached */
  private async pass(progress: ScrubProgress): Promise<boolean> {
    for (; progress.step < AREAS.length; progress.step += 1, progress.after = null)
      if (!(await this.scrubArea(AREAS[progress.step] as string, progress))) return false;
    return this.checkRecords(progress);
  }

  private scrubArea(area: string, progress: ScrubProgress): Promise<boolean> {
    const onChecked = async ({ key, size }: BlobEntry, isDamaged: boolean) => {
      progress.after = `${key.workspace}/${key.sha256}`;
      metrics.scrubbedBlobs.inc({ area });
      metrics.scrubbedBytes.inc(size);
      if (isDamaged) {
        this.found(progress, key, 'damaged');
        await this.remake(progress, key);
      }
      await this.note(progress);
    };
    const { BLOB_SCRUB_RATE: bytesPerSecond } = this.config;
    const after = keyAfter(area, progress.after);
    return scrubArea(this.blobs, area, { after, bytesPerSecond, stopped: this.stopped, onChecked });
  }

  private async checkRecords(progress: ScrubProgress): Promise<boolean> {
    for (;;) {
      const contents = await this.contents.referredAfter(progress.after, BATCH);
      for (const content of contents) {
        if (this.stopped()) return false;
        const missing = await this.missingOf(content);
        for (const key of missing) this.found(progress, key, 'missing');
        // Without the original, another analysis fails.
        if (!missing.some(({ area }) => area === 'originals')) {
          for (const key of missing) await this.remake(progress, key);
          await this.complete(content, progress);
        }
        progress.after = content._id.toHexString();
        await this.note(progress);
        await sleep(RECORD_PAUSE_MS, undefined, { ref: false });
      }
      if (contents.length < BATCH) return true;
    }
  }

  /** Returns the blobs of a content that are missing. */
  private async missingOf({ _id, workspace, sha256, ...content }: ContentDocument): Promise<BlobKey[]> {
    const keys: BlobKey[] = [
      { area: 'originals', workspace, sha256 },
      ...derivedOf(content).map((derived) => ({ area: 'thumbnails', workspace, sha256: derived })),
    ];
    const missing: BlobKey[] = [];
    for (const key of keys) if (!(await this.blobs.stat(key))) missing.push(key);
    // It may have been collected since it was read.
    if (missing.length === 0 || !(await this.contents.isReferred(_id))) return [];
    for (const key of missing) {
      metrics.blobsDamaged.inc({ area: key.area, fault: 'missing', outcome: 'refused' });
      this.logger.error({ ...key }, 'blobs: stored bytes are missing');
    }
    return missing;
  }

  private found(progress: ScrubProgress, key: BlobKey, fault: ScrubFinding['fault']): void {
    progress[fault] += 1;
    if (progress.findings.length < MOST_FINDINGS) progress.findings.push({ ...key, fault });
  }

  /** Pictures that were made of an original are made of it again. */
  private async remake(progress: ScrubProgress, { area, workspace, sha256 }: BlobKey): Promise<void> {
    if (area !== 'thumbnails') return;
    progress.remade += await this.pictures.remake(workspace, sha256, progress.startedAt);
  }

  /** Has a content analysed again whose analysis lacks what later versions compute. */
  private async complete(content: ContentDocument, { startedAt }: ScrubProgress): Promise<void> {
    if (content.state !== 'decoded' || content.pixelDigest !== undefined) return;
    if (this.completed >= MAX_COMPLETED_PER_PASS) return;
    this.completed += await this.pictures.analyseAgain(content, startedAt);
  }

  private async note(progress: ScrubProgress): Promise<void> {
    progress.checked += 1;
    show(progress);
    if (systemNow() - this.savedAt < SAVE_MS) return;
    this.savedAt = systemNow();
    this.lost = !(await this.scrubs.save(this.holder, progress, new Date(this.savedAt + LEASE_MS)));
  }

  private async finish(progress: ScrubProgress): Promise<void> {
    const now = systemDate();
    await this.scrubs.finish(this.holder, progress, now);
    show(progress);
    metrics.scrubFinished.set(now.getTime() / 1000);
    const { checked, damaged, missing, remade } = progress;
    const level = damaged + missing > 0 ? 'error' : 'info';
    this.logger[level]({ checked, damaged, missing, remade }, 'blobs: all stored bytes were checked');
  }
}

function show({ damaged, missing }: ScrubProgress): void {
  metrics.scrubFound.set({ fault: 'damaged' }, damaged);
  metrics.scrubFound.set({ fault: 'missing' }, missing);
}

function keyAfter(area: string, after: string | null): BlobKey | undefined {
  const [workspace, sha256] = after?.split('/') ?? [];
  return workspace !== undefined && sha256 !== undefined ? { area, workspace, sha256 } : undefined;
}
