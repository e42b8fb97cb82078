import type { BusConnection } from '@pentaprism/bus';
import { counterContracts, imageContracts, projectContracts, type Rpc } from '@pentaprism/contracts';
import { DEFAULT_TRAINING_SETTINGS } from '@pentaprism/domain';
import { Types } from 'mongoose';

export const PROJECT = 'a'.repeat(24);

/** Answers like the catalog. */
export class StandInForCatalog {
  readonly projects = new Set([PROJECT]);
  /** Of each project. */
  pictures = { decoded: 3, pending: 0 };
  lastNumber = 0;

  constructor(private readonly connection: BusConnection) {
    const training = { ...DEFAULT_TRAINING_SETTINGS, exportPlatforms: [] };
    const names = { name: 'library', uniqueName: 'library' };
    const project = { ...names, description: '', training, createdAt: 0, modifiedAt: 0, imageCount: 3 };
    this.answer(projectContracts.get, ({ id = '' }) => (this.projects.has(id) ? { id, ...project } : null));
    this.answer(imageContracts.choosePictures, ({ projectId = '' }) =>
      this.projects.has(projectId) ? { pictures: [], ...this.pictures } : null,
    );
    this.answer(counterContracts.next, () => ({ first: ++this.lastNumber }));
  }

  /** Adds a project. Returns its id. */
  addProject(): string {
    const id = new Types.ObjectId().toHexString();
    this.projects.add(id);
    return id;
  }

  private answer(rpc: Rpc, reply: (request: { id?: string; projectId?: string }) => object | null): void {
    const { nats, prefix } = this.connection;
    nats.subscribe(prefix + rpc.subject, {
      callback: (_error, message) => {
        const data = reply(message.json());
        const error = { code: 'NOT_FOUND', message: 'There is no such project.', details: {} };
        message.respond(JSON.stringify(data ? { ok: true, data } : { ok: false, error }));
      },
    });
  }
}
