import type { DatasetColumn, Project } from '@pentaprism/contracts';
import { createHash } from 'node:crypto';
import { z } from 'zod';

export const featurelistBody = z
  .object({
    id: z.string(),
    projectId: z.string(),
    name: z.string(),
    description: z.string(),
    features: z.array(z.string()),
    created: z.iso.datetime(),
    isUserCreated: z.boolean(),
    numModels: z.int(),
  })
  .meta({ id: 'Featurelist' });

/** The lists that every project has. The first one is the default of models. */
const LISTS = [
  {
    kind: 'informative',
    name: 'Informative Features',
    description: 'All features that a model can learn from',
    has: ({ lowInformation }: DatasetColumn) => !lowInformation,
  },
  { kind: 'raw', name: 'Raw Features', description: 'All features of the dataset', has: () => true },
] as const;

/** Returns the list that the models of a project use. */
export function featurelistOfModels(projectId: string): { featurelistId: string; featurelistName: string } {
  const [{ kind, name }] = LISTS;
  return { featurelistId: featurelistId(projectId, kind), featurelistName: name };
}

export function hasFeaturelist(projectId: string, id: string): boolean {
  return LISTS.some(({ kind }) => featurelistId(projectId, kind) === id);
}

export function toFeaturelistBodies(
  { id, createdAt }: Project,
  columns: readonly DatasetColumn[],
): z.output<typeof featurelistBody>[] {
  return LISTS.map(({ kind, name, description, has }) => ({
    id: featurelistId(id, kind),
    projectId: id,
    name,
    description,
    features: columns.filter(has).map((column) => column.name),
    created: new Date(createdAt).toISOString(),
    isUserCreated: false,
    numModels: 0,
  }));
}

/** Returns the id of a list, which is stored nowhere: always the same one for the same project and kind. */
function featurelistId(projectId: string, kind: (typeof LISTS)[number]['kind']): string {
  return createHash('sha256').update(`${projectId}/${kind}`).digest('hex').slice(0, 24);
}
