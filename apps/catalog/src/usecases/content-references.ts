import { Injectable } from '@nestjs/common';
import { Transactions } from '@pentaprism/database';
import type { ClientSession } from 'mongoose';
import { ContentRepository } from '../adapters/mongo/content.repository.js';
import { ImageRepository } from '../adapters/mongo/image.repository.js';

/** What images have in common who change which bytes they point to. */
@Injectable()
export class ContentReferences {
  constructor(
    private readonly images: ImageRepository,
    private readonly contents: ContentRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Changes of one image write the same record, and images of the same bytes the same content: one after another. */
  inTurn<T>(
    { workspace, id, hashes }: { workspace: string; id: string; hashes: readonly string[] },
    work: (session: ClientSession) => Promise<T>,
  ): Promise<T> {
    return this.transactions.runInTurn(
      [id, ...hashes].map((key) => `${workspace}/${key}`),
      work,
    );
  }

  /**
   * Lets go of bytes that an image pointed to; without another image they are orphans from now on.
   * @param options `transient`: they were to live for a while only, and are removed as soon as it is safe
   */
  async release(
    workspace: string,
    sha256: string,
    { transient }: { transient: boolean },
    session: ClientSession,
  ): Promise<void> {
    const isOrphan = !(await this.images.refersTo(workspace, sha256, session));
    await this.contents.release(workspace, sha256, { isOrphan, transient }, session);
  }
}
