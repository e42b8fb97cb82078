import type { Project } from '@pentaprism/contracts';
import { MAX_PROJECT_NAME_LENGTH } from '@pentaprism/domain';
import { z } from 'zod';
import { pagingQuery } from './paging.js';

export const projectsQuery = z.object({
  projectName: z.string().max(MAX_PROJECT_NAME_LENGTH).optional(),
  ...pagingQuery(0),
});

export const projectBody = z
  .object({
    id: z.string(),
    projectName: z.string(),
    fileName: z.string().nullable(),
    stage: z.enum(['empty', 'fasteda', 'eda', 'aim', 'eda2', 'modeling']),
    target: z.string().nullable(),
    targetType: z.enum(['Regression', 'Binary', 'Multiclass', 'Multilabel']).nullable(),
    metric: z.string().nullable(),
    positiveClass: z.string().nullable(),
    autopilotMode: z.int().nullable(),
    created: z.iso.datetime(),
    catalogId: z.string().nullable(),
    catalogVersionId: z.string().nullable(),
    holdoutUnlocked: z.boolean(),
    maxTrainPct: z.number().nullable(),
    maxTrainRows: z.int().nullable(),
    advancedOptions: z.object({}),
    partition: z.object({}).nullable(),
    unsupervisedMode: z.boolean(),
    useGpu: z.boolean(),
  })
  .meta({ id: 'Project' });

/** A project that has no target: the client asks such a stage for `imageSamples/`, never for `images/`. */
export function toProjectBody({ id, name, createdAt }: Project): z.output<typeof projectBody> {
  return {
    id,
    projectName: name,
    fileName: null,
    stage: 'eda',
    target: null,
    targetType: null,
    metric: null,
    positiveClass: null,
    autopilotMode: null,
    created: new Date(createdAt).toISOString(),
    catalogId: null,
    catalogVersionId: null,
    holdoutUnlocked: false,
    maxTrainPct: null,
    maxTrainRows: null,
    advancedOptions: {},
    partition: null,
    unsupervisedMode: false,
    useGpu: false,
  };
}
