import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  inferenceContracts,
  type ParsedRequestOf,
  type SimilarImages,
  type similarImageContracts,
} from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { fromVectorText, pauses } from '@pentaprism/heads';
import {
  byNearness,
  candidateCount,
  CompressedVectorSet,
  dotProduct,
  type Neighbour,
  type ScreenedVectorSet,
} from '@pentaprism/similarity';
import { EmbeddingRepository } from '../embeddings/embedding.repository.js';
import { ComparisonTurns } from './comparison-turns.js';
import type { ColumnImage, ImageColumn } from './image-column.js';
import { ImageColumns } from './image-columns.js';
import { untilRead } from './until-read.js';
import { VectorCache } from './vector-cache.js';

type Requests = { [Name in keyof typeof similarImageContracts]: ParsedRequestOf<(typeof similarImageContracts)[Name]> };

/** What images are compared with. */
interface Query {
  readonly backbone: string;
  readonly vector: Float32Array;
  readonly limit: number;
  /** An image that is not listed. */
  readonly except?: string;
  /** Aborts once no caller waits for the result. */
  readonly signal: AbortSignal;
}

/**
 * Finds the images of a column that are most similar to a picture, by comparing all. Their embeddings are compressed where there are
 * more than `SIMILAR_EXACT_LIMIT`. Then the nearest ones are compared again with their stored embeddings.
 */
@Injectable()
export class FindSimilarImages {
  constructor(
    private readonly bus: Bus,
    private readonly columns: ImageColumns,
    private readonly vectors: VectorCache,
    private readonly embeddings: EmbeddingRepository,
    private readonly turns: ComparisonTurns,
  ) {}

  /**
   * Throws as `ImageColumns.get`; NOT_FOUND for an unknown image; UNAVAILABLE while the column is being read. Finds nothing as long as
   * the image has no embedding.
   */
  toImage(workspace: string, request: Requests['similar']): Promise<SimilarImages> {
    return untilRead((signal) => this.findForImage(workspace, request, signal));
  }

  /** Throws as `ImageColumns.get`; UNDECODABLE_IMAGE; UNAVAILABLE while the column is being read. */
  toUpload(workspace: string, request: Requests['similarToUpload']): Promise<SimilarImages> {
    return untilRead((signal) => this.findForUpload(workspace, request, signal));
  }

  private async findForImage(
    workspace: string,
    { imageId, limit, ...key }: Requests['similar'],
    signal: AbortSignal,
  ): Promise<SimilarImages> {
    const column = await this.columns.get(workspace, key);
    const image = column.find(imageId);
    if (!image) throw notFound('image');
    const [found] = await this.embeddings.vectors(workspace, [image.sha256]);
    // An image that no embedding can be made of waits for nothing.
    if (!found) return { images: [], pending: Math.max(1, column.pending) };
    if (!found.vector) return { images: [], pending: column.pending };
    const { backbone, vector } = found;
    return this.search(workspace, column, { backbone, vector, limit, except: imageId, signal });
  }

  private async findForUpload(
    workspace: string,
    { content, limit, ...key }: Requests['similarToUpload'],
    signal: AbortSignal,
  ): Promise<SimilarImages> {
    // Before the picture is decoded: it may be in vain.
    const column = await this.columns.get(workspace, key);
    const { backbone, vector } = await this.embed(content);
    return this.search(workspace, column, { backbone, vector: fromVectorText(vector), limit, signal });
  }

  private async embed(content: Requests['similarToUpload']['content']) {
    try {
      return await this.bus.call(inferenceContracts.embed, { content, area: 'predictions' });
    } catch (error) {
      if (!DomainError.is(error, 'NOT_FOUND')) throw error;
      throw new DomainError('UNAVAILABLE', 'The bytes of the picture are gone.', {}, { cause: error });
    }
  }

  private search(workspace: string, column: ImageColumn, query: Query): Promise<SimilarImages> {
    const { backbone, vector, limit, except, signal } = query;
    const space = { backbone, dimensions: vector.length };
    return this.vectors.use(workspace, column, space, ({ set, missing }) => {
      const compare = async () => {
        const neighbours = await this.nearest(workspace, set, query);
        const images = neighbours.flatMap(({ key, similarity }) =>
          (column.positions.get(key) ?? [])
            .map((position) => column.images[position] as ColumnImage)
            .filter(({ imageId }) => imageId !== except)
            .map(({ imageId, rowCount }) => ({ imageId, similarity, rowCount })),
        );
        return { images: images.slice(0, limit), pending: column.pending + missing };
      };
      return this.turns.run(workspace, compare, signal);
    });
  }

  /** Returns one neighbour more than the query asks for: the image itself is among them. */
  private async nearest(
    workspace: string,
    set: ScreenedVectorSet | CompressedVectorSet,
    { backbone, vector, limit }: Query,
  ): Promise<Neighbour[]> {
    if (!(set instanceof CompressedVectorSet)) return set.nearest(vector, limit + 1, pauses());
    const candidates = await set.nearest(vector, candidateCount(limit + 1), pauses());
    const hashes = candidates.map(({ key }) => key);
    const stored = await this.embeddings.vectors(workspace, hashes, backbone);
    return stored
      .flatMap(({ sha256: key, vector: other }) => (other ? { key, similarity: dotProduct(vector, other) } : []))
      .sort(byNearness)
      .slice(0, limit + 1);
  }
}
