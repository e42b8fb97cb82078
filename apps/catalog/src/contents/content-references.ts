import { Inject, Injectable } from '@nestjs/common';
import { Transactions } from '@pentaprism/database';
import type { ClientSession } from 'mongoose';
import { ContentRepository } from './content.repository.js';

/** Bytes that an image pointed to; `transient`: it was to live for a while only. */
export interface Release {
  readonly sha256: string;
  readonly transient: boolean;
}

/** A collection whose documents reference contents. */
export interface ContentHolder {
  /** Returns whether a document of the workspace references these bytes. */
  refersTo(workspace: string, sha256: string, session: ClientSession): Promise<boolean>;
}

/** Nest's token for every `ContentHolder` of the catalog, the one asked first in front. */
export const CONTENT_HOLDERS = Symbol('ContentHolders');

/** Shared helpers for operations that change which content an image references. */
@Injectable()
export class ContentReferences {
  constructor(
    @Inject(CONTENT_HOLDERS) private readonly holders: readonly ContentHolder[],
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
    for (const holder of this.holders) if (await holder.refersTo(workspace, sha256, session)) return true;
    return false;
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
