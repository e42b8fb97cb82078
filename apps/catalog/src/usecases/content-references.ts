import { Injectable } from '@nestjs/common';
import { Transactions } from '@pentaprism/database';
import type { ClientSession } from 'mongoose';
import { ContentRepository } from '../adapters/mongo/content.repository.js';
import { ImageRepository } from '../adapters/mongo/image.repository.js';
import { SnapshotRepository } from '../adapters/mongo/snapshot.repository.js';

/** Bytes that an image pointed to; `transient`: it was to live for a while only. */
export interface Release {
  readonly sha256: string;
  readonly transient: boolean;
}

/** What images have in common who change which bytes they point to. */
@Injectable()
export class ContentReferences {
  constructor(
    private readonly images: ImageRepository,
    private readonly snapshots: SnapshotRepository,
    private readonly contents: ContentRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Changes of one image write the same record, and images of the same bytes the same content: one after another. */
  inTurn<T>(
    { workspace, ids, hashes }: { workspace: string; ids: readonly string[]; hashes: readonly string[] },
    work: (session: ClientSession) => Promise<T>,
  ): Promise<T> {
    return this.transactions.runInTurn(
      [...ids, ...hashes].map((key) => `${workspace}/${key}`),
      work,
    );
  }

  /** Whether an image has these bytes, was made of them, or is kept with them in a snapshot. */
  async exist(workspace: string, sha256: string, session: ClientSession): Promise<boolean> {
    return (
      (await this.images.refersTo(workspace, sha256, session)) || this.snapshots.refersTo(workspace, sha256, session)
    );
  }

  /**
   * Lets go of bytes that images pointed to; those without another image are orphans from now on. Transient ones, which no
   * image among them was to keep for good, are removed as soon as it is safe.
   */
  async release(workspace: string, released: readonly Release[], session: ClientSession): Promise<void> {
    const hashes = [...new Set(released.map(({ sha256 }) => sha256))];
    const lasting = new Set(released.flatMap(({ sha256, transient }) => (transient ? [] : sha256)));
    const kept: string[] = [];
    const orphans: string[] = [];
    const transientOrphans: string[] = [];
    for (const sha256 of hashes) {
      if (await this.exist(workspace, sha256, session)) kept.push(sha256);
      else if (lasting.has(sha256)) orphans.push(sha256);
      else transientOrphans.push(sha256);
    }
    await this.contents.release(workspace, { kept, orphans, transientOrphans }, session);
  }
}
