import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  MAX_COLUMNS_PER_CALL,
  MAX_MODELINGS_PER_CALL,
  modelingContracts,
  projectContracts,
  type DatasetColumn,
  type Modeling,
  type Project,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { collect } from '@pentaprism/http';

/** Projects of the catalog with what they are as tables to learn from, which another service answers for. */
@Injectable()
export class Modelings {
  constructor(private readonly bus: Bus) {}

  /** Throws NOT_FOUND if there is no such project. */
  async find(projectId: string): Promise<{ project: Project; modeling: Modeling }> {
    const [project, [modeling]] = await Promise.all([
      this.bus.call(projectContracts.get, { id: projectId }),
      this.describe([projectId]),
    ]);
    return { project, modeling: modeling as Modeling };
  }

  /** Describes projects, in the order of the ids, without checking that they exist. */
  async describe(projectIds: readonly string[]): Promise<Modeling[]> {
    const calls: Promise<{ modelings: Modeling[] }>[] = [];
    for (let i = 0; i < projectIds.length; i += MAX_MODELINGS_PER_CALL) {
      const part = projectIds.slice(i, i + MAX_MODELINGS_PER_CALL);
      calls.push(this.bus.call(modelingContracts.describe, { projectIds: part }));
    }
    return (await Promise.all(calls)).flatMap(({ modelings }) => modelings);
  }

  /** Returns all columns in the order of the table. Throws NOT_FOUND if there is no such project. */
  async columns(projectId: string): Promise<DatasetColumn[]> {
    const read = async (offset: number, limit: number) => {
      const { columns, total } = await this.bus.call(modelingContracts.columns, { projectId, offset, limit });
      return { items: columns, total };
    };
    return (await collect(read, { offset: 0, limit: 0 }, MAX_COLUMNS_PER_CALL)).items;
  }

  /** Throws NOT_FOUND if there is no such project, and INVALID_ARGUMENT if it has no such column of images. */
  async checkImageColumn(projectId: string, column: string): Promise<void> {
    try {
      // One image is enough: the columns could take several calls.
      await this.bus.call(modelingContracts.images, { projectId, column, offset: 0, limit: 1 });
    } catch (error) {
      if (!DomainError.is(error, 'INVALID_ARGUMENT')) throw error;
      throw new DomainError('INVALID_ARGUMENT', 'featureName: the project has no such image column', {
        field: 'featureName',
      });
    }
  }
}
