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
  /** Returns those of the contents that a document of the workspace references. */
  referenced(workspace: string, hashes: readonly string[], session: ClientSession): Promise<string[]>;
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

  /** Returns those of the contents that an image has or was made of, or that a snapshot or a holder keeps. */
  async referenced(workspace: string, hashes: readonly string[], session: ClientSession): Promise<Set<string>> {
    const found = new Set<string>();
    for (const holder of this.holders) {
      const left = hashes.filter((sha256) => !found.has(sha256));
      if (left.length === 0) break;
      for (const sha256 of await holder.referenced(workspace, left, session)) found.add(sha256);
    }
    return found;
  }

  /**
   * Lets go of bytes that images pointed to; those without another image are orphans from now on. Transient ones, which no
   * image among them was to keep for good, are removed as soon as it is safe.
   */
  async release(workspace: string, released: readonly Release[], session: ClientSession): Promise<void> {
    const hashes = [...new Set(released.map(({ sha256 }) => sha256))];
    const lasting = new Set(released.flatMap(({ sha256, transient }) => (transient ? [] : sha256)));
    const referenced = await this.referenced(workspace, hashes, session);
    const kept = hashes.filter((sha256) => referenced.has(sha256));
    const unused = hashes.filter((sha256) => !referenced.has(sha256));
    const orphans = unused.filter((sha256) => lasting.has(sha256));
    const transientOrphans = unused.filter((sha256) => !lasting.has(sha256));
    await this.contents.release(workspace, { kept, orphans, transientOrphans }, session);
  }
}
