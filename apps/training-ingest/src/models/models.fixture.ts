import type { BusConnection } from '@pentaprism/bus';
import {
  augmentationListContracts,
  contentContracts,
  inferenceContracts,
  predictedImageContracts,
  projectContracts,
  snapshotContracts,
  tagContracts,
  trainingImageContracts,
  type AugmentationRecipe,
  type Rpc,
} from '@pentaprism/contracts';
import { DomainError, type ErrorCode } from '@pentaprism/domain';
import { toVectorText } from '@pentaprism/heads';
import { answerCalls } from '../stand-in.fixture.js';

export const PROJECT = 'a'.repeat(24);
export const BACKBONE = 'test:000000000000';
/** Two tags, of which the embedding of a picture has as much as its first two numbers say. */
export const TAGS = ['cat', 'dog'].map((name, i) => ({
  id: `${i + 1}`.repeat(24),
  number: i + 1,
  name,
  description: '',
  type: 'regular' as const,
}));

/** Catalog, tagging, augmentation and a worker, as far as models ask them: a project with ten images of each of two tags. */
export class StandInsForModels {
  /** `subject` and its request, of everything that changes something. */
  readonly changes: [string, unknown][] = [];
  readonly failures = new Map<string, ErrorCode>();
  revision = 'r1';
  backbone = BACKBONE;
  images = 10;
  embedding = [1, 0];
  recipe: AugmentationRecipe | null = null;

  constructor(connection: BusConnection) {
    const answer = answerCalls(connection, async (subject) => {
      const failure = this.failures.get(subject);
      if (failure) throw new DomainError(failure, 'as told');
    });
    const project = {
      id: PROJECT,
      name: 'project',
      uniqueName: 'project',
      description: '',
      training: { domain: 'general-compact' as const, classificationType: 'multilabel' as const, exportPlatforms: [] },
      createdAt: 0,
      modifiedAt: 0,
      imageCount: 20,
    };
    const find = ({ id }: { id?: string | undefined }) => {
      if (id !== PROJECT) throw new DomainError('NOT_FOUND', 'There is no such project.');
      return project;
    };
    answer(projectContracts.get, find);
    answer(projectContracts.resolve, (request) => ({ project: find(request).id }));
    answer(projectContracts.delete, (request) => this.change(projectContracts.delete, request, {}));
    answer(tagContracts.list, () => ({ tags: TAGS, total: TAGS.length }));
    answer(trainingImageContracts.countByTag, () => ({
      tagged: TAGS.length * this.images,
      untagged: 0,
      tags: TAGS.map(({ id: tagId }) => ({ tagId, count: this.images })),
    }));
    answer(trainingImageContracts.count, ({ anyOfTags = TAGS }) => ({ count: anyOfTags.length * this.images }));
    answer(augmentationListContracts.forTraining, () => ({ recipe: this.recipe }));
    answer(snapshotContracts.revision, ({ projectId }) => {
      find({ id: projectId });
      return { revision: this.revision };
    });
    answer(snapshotContracts.create, (request) =>
      this.change(snapshotContracts.create, request, { images: 20, revision: this.revision }),
    );
    answer(snapshotContracts.delete, (request) => this.change(snapshotContracts.delete, request, {}));
    answer(predictedImageContracts.create, (request) => this.change(predictedImageContracts.create, request, {}));
    // No picture is analysed, and none ever will be.
    answer(predictedImageContracts.getMany, () => ({ images: [] }));
    answer(contentContracts.analyse, ({ contents }) => ({
      outcomes: contents.map(() => ({ state: 'undecodable' as const, reason: 'as told' })),
    }));
    answer(contentContracts.discard, (request) => this.change(contentContracts.discard, request, {}));
    answer(inferenceContracts.backbone, () => ({ backbone: this.backbone }));
    answer(inferenceContracts.embed, () => ({
      backbone: this.backbone,
      vector: toVectorText(Float32Array.from(this.embedding)),
    }));
  }

  requestsTo(rpc: Rpc): unknown[] {
    return this.changes.flatMap(([subject, request]) => (subject === rpc.subject ? [request] : []));
  }

  private change<T>(rpc: Rpc, request: unknown, answer: T): T {
    this.changes.push([rpc.subject, request]);
    return answer;
  }
}
