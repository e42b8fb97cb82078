import { Injectable } from '@nestjs/common';
import { FairShares } from '@pentaprism/concurrency';
import { DomainError, systemDate } from '@pentaprism/domain';
import { VectorSet } from '@pentaprism/similarity';
import { LRUCache } from 'lru-cache';
import { EmbeddingRepository } from '../embeddings/embedding.repository.js';
import { batches, INCOMPLETE_MS } from './image-columns.js';
import type { ImageColumn } from './image-column.js';
import { KeyedTurns } from './keyed-turns.js';

/** Memory of all vectors together. 100,000 of the default backbone take 512 MB. */
const MAX_VECTOR_BYTES = 640 * 1024 ** 2;
/** Contents of one query of the database: 2.5 MB of vectors of the default backbone. */
const CONTENTS_PER_QUERY = 500;

/** Numbers of a vector at least, for estimates: those of the default backbone. */
const LEAST_DIMENSIONS = 1280;

interface Entry {
  readonly set: VectorSet;
  column?: ImageColumn;
  /** Contents whose vectors are not here. */
  missing: number;
  readAt: number;
}

/** Vectors of one backbone, for the contents of a column. */
export interface ColumnVectors {
  readonly set: VectorSet;
  readonly missing: number;
}

/**
 * Vectors of columns in memory, within a limit. They are read anew after a restart, and brought up to date with the column at
 * each use.
 */
@Injectable()
export class VectorCache {
  private readonly cache = new LRUCache<string, Entry>({ maxSize: MAX_VECTOR_BYTES });
  private readonly turns = new KeyedTurns();
  /** Of vectors that are in use. Those that are cached and not in use take as much once more at most. */
  private readonly memory = new FairShares({ capacity: MAX_VECTOR_BYTES, perKey: MAX_VECTOR_BYTES });
  private computations = 0;

  constructor(private readonly embeddings: EmbeddingRepository) {}

  /**
   * Runs work on the vectors of a column. They do not change meanwhile, and none is of a content that is not in the column.
   * Throws FAILED_PRECONDITION if they do not fit into memory.
   */
  use<T>(
    workspace: string,
    column: ImageColumn,
    { backbone, dimensions }: { backbone: string; dimensions: number },
    work: (vectors: ColumnVectors) => Promise<T>,
  ): Promise<T> {
    const size = checkedSize(column.positions.size, dimensions);
    const key = `${backbone} ${column.key}`;
    return this.turns.run(key, async () => {
      const giveBack = await this.memory.take(workspace, { amount: size });
      try {
        return await work(await this.updated(workspace, column, { key, backbone, dimensions, size }));
      } finally {
        giveBack();
      }
    });
  }

  private async updated(
    workspace: string,
    column: ImageColumn,
    { key, backbone, dimensions, size }: { key: string; backbone: string; dimensions: number; size: number },
  ): Promise<Entry> {
    const entry = this.cache.get(key) ?? { set: new VectorSet(dimensions), missing: 0, readAt: 0 };
    // Before they are read: it makes room for them.
    this.cache.set(key, entry, { size });
    await this.update(workspace, entry, column, backbone);
    return entry;
  }

  /** Runs work on the vectors of some contents, by backbone. Throws FAILED_PRECONDITION if they do not fit into memory. */
  async read<T>(
    workspace: string,
    hashes: readonly string[],
    work: (vectors: ReadonlyMap<string, VectorSet>, missing: number) => Promise<T>,
  ): Promise<T> {
    const dimensions = await this.embeddings.dimensions(workspace, hashes.slice(0, CONTENTS_PER_QUERY));
    const size = checkedSize(hashes.length, Math.max(LEAST_DIMENSIONS, dimensions));
    const giveBack = await this.memory.take(workspace, { amount: size });
    const key = `computation ${this.computations++}`;
    // What is cached makes room.
    this.cache.set(key, { set: new VectorSet(dimensions), missing: 0, readAt: 0 }, { size });
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
    if (entry.column === column && (entry.missing === 0 || now < entry.readAt + INCOMPLETE_MS)) return;
    const { set } = entry;
    for (const key of [...set.keys()]) if (!column.positions.has(key)) set.delete(key);
    const wanted = [...column.positions.keys()].filter((key) => !set.has(key));
    let missing = wanted.length;
    for (const batch of batches(wanted, CONTENTS_PER_QUERY))
      for (const { sha256, vector } of await this.embeddings.vectors(workspace, batch, backbone)) {
        missing--;
        if (vector) set.add(sha256, vector);
      }
    // At the end: after a failure, the next use goes on.
    Object.assign(entry, { column, missing, readAt: now });
  }
}

/** @throws DomainError FAILED_PRECONDITION */
function checkedSize(count: number, dimensions: number): number {
  const bytes = Math.max(1, count) * Math.max(1, dimensions) * Float32Array.BYTES_PER_ELEMENT;
  if (bytes > MAX_VECTOR_BYTES)
    throw new DomainError('FAILED_PRECONDITION', 'The column has more images than can be compared in memory.', {
      reason: 'too-many-images',
    });
  return bytes;
}
