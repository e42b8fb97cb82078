import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Bus, watchSignal } from '@pentaprism/bus';
import { projectContracts, projectGone } from '@pentaprism/contracts';
import { toObjectId } from '@pentaprism/database';
import { LRUCache } from 'lru-cache';
import type { Types } from 'mongoose';

const KNOWN_PROJECTS = 10_000;
/** Milliseconds that a deleted project may still be taken for one when the news of its end is lost. */
const KNOWN_MS = 5000;

/** The projects of the catalog. */
@Injectable()
export class Projects implements OnApplicationBootstrap, OnModuleDestroy {
  /** It is asked for with every upload, and deleted once. */
  private readonly known = new LRUCache<string, Types.ObjectId>({ max: KNOWN_PROJECTS, ttl: KNOWN_MS });
  private stop = () => {};
  /** Of a project that is deleted while it is being asked for, the answer is not kept. */
  private deletions = 0;

  constructor(private readonly bus: Bus) {}

  onApplicationBootstrap(): void {
    this.stop = watchSignal(this.bus.connection, projectGone, ({ workspace, projectId }) => {
      this.deletions++;
      this.known.delete(`${workspace}/${projectId}`);
    });
  }

  onModuleDestroy(): void {
    this.stop();
  }

  /** The project with this id, or the library. @throws DomainError NOT_FOUND */
  async resolve(workspace: string, id: string | undefined): Promise<Types.ObjectId> {
    const key = `${workspace}/${id ?? ''}`;
    const known = this.known.get(key);
    if (known) return known;
    const before = this.deletions;
    const { project } = await this.bus.call(projectContracts.resolve, { ...(id === undefined ? {} : { id }) });
    const found = toObjectId(project, 'project');
    if (this.deletions === before) this.known.set(key, found);
    return found;
  }
}
