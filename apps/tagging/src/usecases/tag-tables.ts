import { Injectable } from '@nestjs/common';
import { FreshReads } from '@pentaprism/concurrency';
import { Transactions } from '@pentaprism/database';
import { LRUCache } from 'lru-cache';
import type { Types } from 'mongoose';
import { TagRevisionRepository } from '../adapters/mongo/tag-revision.repository.js';
import { TagRepository } from '../adapters/mongo/tag.repository.js';
import { TagTable } from './tag-table.js';

/** Tags of all tables in memory together: about 60 MB. */
const REMEMBERED_TAGS = 200_000;
/** Characters of descriptions that take the place of one tag. */
const CHARACTERS_PER_TAG = 150;

/**
 * The tags of projects, kept in memory. Nothing is answered from it without a look at the project's revision, which moves
 * with every change of a tag, whichever instance made it: a table is used while that is the revision it was read at.
 */
@Injectable()
export class TagTables {
  private readonly tables = new LRUCache<string, { revision: number; table: TagTable }>({
    maxSize: REMEMBERED_TAGS,
    sizeCalculation: ({ table }) => table.size + Math.ceil(table.describedCharacters / CHARACTERS_PER_TAG) + 1,
  });
  private readonly loads = new FreshReads<TagTable>();

  constructor(
    private readonly tags: TagRepository,
    private readonly revisions: TagRevisionRepository,
    private readonly transactions: Transactions,
  ) {}

  /** As it is at a moment after this call. */
  async get(workspace: string, project: Types.ObjectId): Promise<TagTable> {
    const key = `${workspace}/${project.toHexString()}`;
    const revision = await this.revisions.current(workspace, project);
    const known = this.tables.get(key);
    if (known?.revision === revision) return known.table;
    return this.loads.get(key, () => this.load(key, workspace, project));
  }

  /** Revision and tags from one snapshot: tags that are read while one of them is renamed may miss it. */
  private async load(key: string, workspace: string, project: Types.ObjectId): Promise<TagTable> {
    const { revision, tags } = await this.transactions.run(async (session) => ({
      revision: await this.revisions.in(session, workspace, project),
      tags: await this.tags.all(workspace, project, session),
    }));
    const table = new TagTable(tags);
    this.tables.set(key, { revision, table });
    return table;
  }
}
