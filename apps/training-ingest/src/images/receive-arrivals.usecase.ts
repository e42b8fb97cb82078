import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import type { Arrival, DirectTransfers } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { shuffled } from '@pentaprism/concurrency';
import { imageContracts } from '@pentaprism/contracts';
import { DomainError, sniffMediaType, type ErrorCode } from '@pentaprism/domain';
import type { Logger } from '@pentaprism/observability';
import { ReceiveImage } from './receive-image.usecase.js';

/** Milliseconds between two looks at what has arrived: a client that polls sees its file about this much later. */
export const LOOK_MS = 1_000;
/** Files that are received at once, so that a large one does not hold up the others. */
const LANES = 8;
/** Files whose order is mixed, so that several instances seldom meet at one; a listing comes in pages of as many. */
const MIXED = 1_000;

/** Errors that make an arrival useless for good. It is removed, and no client waits for an answer. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set(['INVALID_ARGUMENT', 'NOT_FOUND', 'PAYLOAD_TOO_LARGE']);

/**
 * Receives the files that clients have put to presigned URLs of the storage itself, which does not report them.
 *
 * Each file is hashed, made a blob, attached to its image, and only then removed where it arrived, if it is still the
 * one that was read. Whatever stops this half-way, the next look does it again. Any number of instances may look: two
 * that receive the same file do the same thing twice, and one that is slow does not put an older file in the place of a
 * newer one, since the image must still have the file that it had before the arrival was read.
 */
export class ReceiveArrivals implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly active = new Map<string, Promise<void>>();
  private readonly stop = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly bus: Bus,
    private readonly receiveImage: ReceiveImage,
    private readonly storage: DirectTransfers,
    private readonly maxBytes: number,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setTimeout(() => {
      this.looking = this.look()
        .catch((error: unknown) => this.logger.warn({ err: error }, 'arrivals: the look failed, the next one follows'))
        .then(() => (this.stop.signal.aborted ? undefined : this.onApplicationBootstrap()));
    }, LOOK_MS);
  }

  async onModuleDestroy(): Promise<void> {
    this.stop.abort();
    clearTimeout(this.timer);
    await this.looking;
    await Promise.all(this.active.values());
  }

  /** Begins to receive everything that is there and not being received yet. */
  private async look(): Promise<void> {
    let batch: Arrival[] = [];
    for await (const arrival of this.storage.arrivals()) {
      batch.push(arrival);
      if (batch.length < MIXED) continue;
      await this.begin(shuffled(batch));
      batch = [];
    }
    await this.begin(shuffled(batch));
  }

  private async begin(arrivals: readonly Arrival[]): Promise<void> {
    for (const arrival of arrivals) {
      const name = `${arrival.workspace}/${arrival.id}`;
      if (this.active.has(name)) continue;
      while (this.active.size >= LANES) await Promise.race(this.active.values());
      if (this.stop.signal.aborted) return;
      this.active.set(
        name,
        this.receiveOrLog(arrival).finally(() => this.active.delete(name)),
      );
    }
  }

  private async receiveOrLog(arrival: Arrival): Promise<void> {
    const { workspace, id, size } = arrival;
    try {
      await this.receive(arrival);
    } catch (error) {
      if (this.stop.signal.aborted) return;
      // Replaced meanwhile, by the client or in the image: the next look finds what there is then.
      if (DomainError.is(error, 'CONFLICT')) return;
      this.logger.warn({ err: error, workspace, id, size }, 'arrivals: a file could not be received yet');
    }
  }

  private async receive(arrival: Arrival): Promise<void> {
    try {
      await this.attach(arrival);
    } catch (error) {
      if (!DomainError.is(error) || !HOPELESS.has(error.code)) throw error;
      const { workspace, id, size } = arrival;
      this.logger.info({ workspace, id, size, code: error.code }, 'arrivals: a file was refused');
    }
    await this.storage.discard(arrival);
  }

  private async attach(arrival: Arrival): Promise<void> {
    const { workspace, id, size } = arrival;
    const { maxBytes } = this;
    if (size > maxBytes) throw new DomainError('PAYLOAD_TOO_LARGE', `More than ${maxBytes} bytes.`, { maxBytes });
    const context = { workspace };
    // Before the bytes are read: see above.
    const image = await this.bus.call(imageContracts.get, { id }, { context });
    const { signal } = this.stop;
    const { sha256, size: received, head } = await this.storage.receive('originals', arrival, { maxBytes, signal });
    // It was attached already by someone who did not come as far as removing it.
    if (image.sha256 === sha256) return;
    const content = { sha256, size: received, mediaType: sniffMediaType(head) };
    await this.receiveImage.attach(id, content, { ifUploadedAt: image.uploadedAt, context });
  }
}
