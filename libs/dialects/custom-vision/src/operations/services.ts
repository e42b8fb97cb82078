import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { projectContracts, type RequestOf, type ResponseOf, type Rpc } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { refusal } from '../wire/codes.js';
import { notFound } from '../wire/ids.js';
import { meaningOf } from './meanings.js';

/** The services behind, whose errors get the original's names here. */
@Injectable()
export class Services {
  constructor(private readonly bus: Bus) {}

  /** @throws DomainError as `Bus.call` does, with what it means to a client of the original */
  async call<R extends Rpc>(rpc: R, request: RequestOf<R>): Promise<ResponseOf<R>> {
    try {
      return await this.bus.call(rpc, request);
    } catch (error) {
      if (!DomainError.is(error)) throw error;
      if (error.code === 'NOT_FOUND') await this.checkProject(rpc, request as { projectId?: string; id?: string });
      const meaning = meaningOf(rpc, error);
      if (meaning === undefined) throw error;
      const [name, message] = typeof meaning === 'string' ? [meaning, error.message] : meaning;
      throw refusal(name, message, error);
    }
  }

  /** Most of what is not found is in a project: a project that does not exist is said to be that. */
  private async checkProject(rpc: Rpc, { projectId, id }: { projectId?: string; id?: string }): Promise<void> {
    const isProjects = rpc.subject.includes('.project.');
    const sought = isProjects ? (projectId ?? id) : projectId;
    if (sought === undefined) return;
    if (isProjects) throw notFound('project');
    try {
      await this.bus.call(projectContracts.resolve, { id: sought });
    } catch (error) {
      throw DomainError.is(error, 'NOT_FOUND') ? notFound('project') : error;
    }
  }
}
