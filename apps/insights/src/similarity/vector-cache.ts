import { Inject, Injectable, Optional } from '@nestjs/common';
import { FairShares } from '@pentaprism/concurrency';
import { DomainError, SIMILAR_EXACT_LIMIT, systemDate } from '@pentaprism/domain';
import { CompressedVectorSet, ScreenedVectorSet, VectorSet } from '@pentaprism/similarity';
import { LRUCache } from 'lru-cache';
import { INSIGHTS_CONFIG, type InsightsConfig } from '../config/config.js';
import { EmbeddingRepository } from '../embeddings/embedding.repository.js';
import { batches, incompleteMs } from './image-columns.js';
import type { ImageColumn } from './image-column.js';
import { KeyedTurns } from './keyed-turns.js';

/** Nest's token for another limit than `SIMILAR_EXACT_LIMIT`. */
export const EXACT_LIMIT = Symbol('ExactLimit');

const MEBIBYTE = 1024 ** 2;
/** Bytes of each number of a vector. */
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
const COMPRESSED_BYTES = Int8Array.BYTES_PER_ELEMENT;
const SCREENED_BYTES = FLOAT_BYTES + COMPRESSED_BYTES;
/** Contents of one query of the database: 2.5 MB of vectors of the default backbone. */
const CONTENTS_PER_QUERY = 500;

/** Numbers of a vector at least, for estimates: those of the default backbone. */
const LEAST_DIMENSIONS = 1280;

interface Entry {
  readonly set: ScreenedVectorSet | CompressedVectorSet;
  column?: ImageColumn;
  /** Contents whose vectors are not here. */
  missing: number;
  readAt: number;
}

/** Vectors of one backbone, for the contents of a column. */
export interface ColumnVectors {
  /** Compressed for more than `SIMILAR_EXACT_LIMIT` contents, and for those that fit into memory only so. */
  readonly set: ScreenedVectorSet | CompressedVectorSet;
  readonly missing: number;
}

/**
 * Vectors of columns in memory, within a limit. They are read anew after a restart, and brought up to date with the column at
 * each use.
 */
@Injectable()
export class VectorCache {
  /** Memory of all vectors together. 100,000 of the default backbone take 640 MB, and a million that are compressed 1.3 GB. */
  private readonly maxBytes: number;
  private readonly cache: LRUCache<string, Entry>;
  private readonly turns = new KeyedTurns();
  /** Of vectors that are in use. Those that are cached and not in use take as much once more at most. */
  private readonly memory: FairShares;
  private computations = 0;

  constructor(
    private readonly embeddings: EmbeddingRepository,
    @Inject(INSIGHTS_CONFIG) { SIMILARITY_MEMORY }: InsightsConfig,
    @Optional() @Inject(EXACT_LIMIT) private readonly exactLimit = SIMILAR_EXACT_LIMIT,
  ) {
    this.maxBytes = SIMILARITY_MEMORY * MEBIBYTE;
    this.cache = new LRUCache({ maxSize: this.maxBytes });
    this.memory = new FairShares({ capacity: this.maxBytes, perKey: this.maxBytes });
  }

  /**
   * Runs work on the vectors of a column. They do not change meanwhile, and none is of a content that is not in the column. Reading
   * them can take a minute, so a turn of `ComparisonTurns` belongs into the work, not around this.
   * Throws FAILED_PRECONDITION if they do not fit into memory.
   */
  async use<T>(
    workspace: string,
    column: ImageColumn,
    { backbone, dimensions }: { backbone: string; dimensions: number },
    work: (vectors: ColumnVectors) => Promise<T>,
  ): Promise<T> {
    const numbers = column.positions.size * dimensions;
    const isCompressed = column.positions.size > this.exactLimit || numbers * SCREENED_BYTES > this.maxBytes;
    const size = this.checkedSize(numbers * (isCompressed ? COMPRESSED_BYTES : SCREENED_BYTES));
    const key = `${backbone} ${isCompressed ? 'compressed ' : ''}${column.key}`;
    return this.turns.run(key, async () => {
      const giveBack = await this.memory.take(workspace, { amount: size });
      try {
        const entry = this.cache.get(key) ?? {
          set: isCompressed ? new CompressedVectorSet(dimensions) : new ScreenedVectorSet(dimensions),
          missing: 0,
          readAt: 0,
        };
        // Before the vectors are read: it makes room for them.
        this.cache.set(key, entry, { size });
        await this.update(workspace, entry, column, backbone);
        return await work(entry);
      } finally {
        giveBack();
      }
    });
  }

  /**
   * Runs work on the vectors of some contents, by backbone. Throws FAILED_PRECONDITION if they do not fit into memory. A turn belongs
   * into the work, as for `use`.
   */
  async read<T>(
    workspace: string,
    hashes: readonly string[],
    work: (vectors: ReadonlyMap<string, VectorSet>, missing: number) => Promise<T>,
  ): Promise<T> {
    const dimensions = await this.embeddings.dimensions(workspace, hashes.slice(0, CONTENTS_PER_QUERY));
    const size = this.checkedSize(hashes.length * Math.max(LEAST_DIMENSIONS, dimensions) * FLOAT_BYTES);
    const giveBack = await this.memory.take(workspace, { amount: size });
    const key = `computation ${this.computations++}`;
    // What is cached makes room.
    this.cache.set(key, { set: new CompressedVectorSet(dimensions), missing: 0, readAt: 0 }, { size });
    try {
      const sets = new Map<string, VectorSet>();
      let missing = hashes.length;
      for (const batch of batches(hashes, CONTENTS_PER_QUERY))
        for (const found of await this.embeddings.vectors(workspace, batch)) {
          missing--;
          if (!found.vector) continue;
          const set = sets.get(found.backbone) ?? new VectorSet(found.vector.length);
          sets.set(found.backbone, set);
          set.add(found.sha256, found.vector);
        }
      return await work(sets, missing);
    } finally {
      this.cache.delete(key);
      giveBack();
    }
  }

  private async update(workspace: string, entry: Entry, column: ImageColumn, backbone: string): Promise<void> {
    const now = systemDate().getTime();
    if (entry.column === column && (entry.missing === 0 || now < entry.readAt + incompleteMs(column))) return;
    const { set } = entry;
    for (const key of [...set.keys()]) if (!column.positions.has(key)) set.delete(key);
    const wanted = [...column.positions.keys()].filter((key) => !set.has(key));
    let missing = wanted.length;
    for (const batch of batches(wanted, CONTENTS_PER_QUERY)) {
      // The strings of the column are kept, and not those of the answer once more.
      const names = new Map(batch.map((sha256) => [sha256, sha256]));
      for (const { sha256, vector } of await this.embeddings.vectors(workspace, batch, backbone)) {
        missing--;
        if (vector) set.add(names.get(sha256) ?? sha256, vector);
      }
    }
    // At the end: after a failure, the next use goes on.
    Object.assign(entry, { column, missing, readAt: now });
  }

  /** @throws DomainError FAILED_PRECONDITION */
  private checkedSize(bytes: number): number {
    if (bytes > this.maxBytes)
      throw new DomainError(
        'FAILED_PRECONDITION',
        'The column has more images than can be compared in memory. An operator can raise SIMILARITY_MEMORY.',
        { reason: 'too-many-images' },
      );
    return Math.max(1, bytes);
  }
}
