import type { BusConnection } from '@pentaprism/bus';
import {
  contentContracts,
  imageContracts,
  inferenceContracts,
  modelingContracts,
  type RequestOf,
  type ResponseOf,
} from '@pentaprism/contracts';
import { answerCalls } from '../answer-calls.fixture.js';

export interface OwnedImage {
  readonly imageId: string;
  readonly sha256: string;
  readonly rowCount?: number;
  readonly expiresAt?: number;
}

/** A project as its owners have it. */
export interface OwnedProject {
  images: OwnedImage[];
  revision: string;
  /** Images that have not been decoded. */
  undecoded: number;
  /** The image column of a project that was made of a dataset. */
  column?: string;
}

const refusal = (code: string) => Object.assign(new Error(code), { code });

/** Stands in for the catalog, for training-ingest and for a worker. */
export class Owners {
  /** By workspace and id. */
  readonly projects = new Map<string, OwnedProject>();
  readonly perceptualHashes = new Map<string, string>();
  readonly pixelDigests = new Map<string, string | null>();
  /** What a worker computes of an uploaded picture. */
  uploaded: { backbone: string; vector: string } | undefined;
  /** Calls that transferred a list of images. */
  lists = 0;

  constructor(connection: BusConnection) {
    answerCalls(connection, modelingContracts.contents, (request, workspace) => this.contents(request, workspace));
    answerCalls(connection, imageContracts.listDecoded, (request, workspace) => this.listDecoded(request, workspace));
    answerCalls(connection, contentContracts.perceptualHashes, ({ hashes }) => ({
      contents: hashes.flatMap((sha256) => {
        const perceptualHash = this.perceptualHashes.get(sha256);
        const pixelDigest = this.pixelDigests.get(sha256);
        return perceptualHash === undefined ? [] : [{ sha256, perceptualHash, pixelDigest }];
      }),
    }));
    answerCalls(connection, inferenceContracts.embed, () => {
      if (!this.uploaded) throw refusal('UNDECODABLE_IMAGE');
      return this.uploaded;
    });
  }

  private contents(
    { projectId, column, offset = 0, limit, known }: RequestOf<typeof modelingContracts.contents>,
    workspace: string,
  ): ResponseOf<typeof modelingContracts.contents> {
    const project = this.projects.get(`${workspace}/${projectId}`);
    if (column !== undefined && column !== (project?.column ?? 'image')) throw refusal('INVALID_ARGUMENT');
    if (!project?.column) return { list: null };
    const unchanged = known === project.revision;
    const images = unchanged
      ? []
      : project.images
          .slice(offset, offset + Math.min(limit, 3))
          .map(({ imageId, sha256, rowCount = 1 }) => ({ imageId, sha256, rowCount }));
    if (!unchanged) this.lists++;
    const { column: name, revision } = project;
    return { list: { column: name, images, total: project.images.length, revision, unchanged } };
  }

  private listDecoded(
    { projectId, after, known, limit }: RequestOf<typeof imageContracts.listDecoded>,
    workspace: string,
  ): ResponseOf<typeof imageContracts.listDecoded> {
    const project = this.projects.get(`${workspace}/${projectId}`);
    if (!project) throw refusal('NOT_FOUND');
    const { revision, undecoded: pending } = project;
    if (known === revision) return { images: [], next: null, pending: 0, revision, unchanged: true };
    this.lists++;
    const first = after?.number ?? 0;
    // Pages are short, so that there are several.
    const end = first + Math.min(limit, 3);
    const images = project.images
      .slice(first, end)
      .map(({ imageId: id, sha256, expiresAt }) => ({ id, sha256, ...(expiresAt === undefined ? {} : { expiresAt }) }));
    const next = end < project.images.length ? { second: 1, number: end } : null;
    return { images, next, pending, revision, unchanged: false };
  }
}
