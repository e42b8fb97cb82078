import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { projectContracts } from '@pentaprism/contracts';
import { toObjectId } from '@pentaprism/database';
import { LRUCache } from 'lru-cache';
import type { Types } from 'mongoose';

const KNOWN_PROJECTS = 10_000;

/** The projects of the catalog. */
@Injectable()
export class Projects {
  /** A project keeps its id and is never removed; it is asked for with every upload. */
  private readonly known = new LRUCache<string, Types.ObjectId>({ max: KNOWN_PROJECTS });

  constructor(private readonly bus: Bus) {}

  /** The project with this id, or the library. @throws DomainError NOT_FOUND */
  async resolve(workspace: string, id: string | undefined): Promise<Types.ObjectId> {
    const key = `${workspace}/${id ?? ''}`;
    const known = this.known.get(key);
    if (known) return known;
    const { project } = await this.bus.call(projectContracts.resolve, { ...(id === undefined ? {} : { id }) });
    const found = toObjectId(project, 'project');
    this.known.set(key, found);
    return found;
  }
}
