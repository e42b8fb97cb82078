import type { Modeling, Project } from '@pentaprism/contracts';
import { MAX_DESCRIPTION_LENGTH, MAX_IMAGE_URL_LENGTH, MAX_PROJECT_NAME_LENGTH } from '@pentaprism/domain';
import { z } from 'zod';
import { line } from './line.js';
import { pagingQuery } from './paging.js';
import { bodyId } from './parameters.js';
import { HOLDOUT_PERCENTAGE, partitionBody, TARGET_TYPE_NAMES, toTargetMembers } from './target.js';

export const projectsQuery = z.object({
  projectName: z.string().max(MAX_PROJECT_NAME_LENGTH).optional(),
  ...pagingQuery(0),
});

export const projectName = line(MAX_PROJECT_NAME_LENGTH);

/** The source is a dataset, or an address. */
export const createProjectBody = z
  .object({
    datasetId: bodyId.nullish(),
    datasetVersionId: bodyId.nullish(),
    url: z.string().min(1).max(MAX_IMAGE_URL_LENGTH).nullish(),
    projectName: projectName.nullish(),
  })
  .refine(({ datasetId, url }) => !datasetId !== !url, 'Send a file as a form, or either datasetId or url as JSON.')
  .meta({ id: 'ProjectCreate' });

/** `pid` is the id of the project, which exists as soon as its dataset has been imported. */
export const createdProjectBody = z
  .object({ pid: z.string(), catalogId: z.string(), catalogVersionId: z.string(), statusId: z.string() })
  .meta({ id: 'CreatedProject' });

/** The hold-out cannot be locked again. `workerCount` is accepted and has no effect; -1 means as many as there are. */
export const patchProjectBody = z
  .object({
    projectName: projectName.optional(),
    projectDescription: z.string().max(MAX_DESCRIPTION_LENGTH).nullable().optional(),
    holdoutUnlocked: z.literal(true, 'must be true: a hold-out that was unlocked cannot be locked again').optional(),
    workerCount: z.int().min(-1).optional(),
  })
  .meta({ id: 'ProjectUpdate' });

const stage = z.enum(['empty', 'fasteda', 'eda', 'aim', 'eda2', 'modeling']);

/** Before a project has a target: at such a stage the client requests `imageSamples/` and never `images/`. */
const STAGES = {
  filling: { stage: 'eda', stageDescription: 'Adding the images to the project' },
  ready: { stage: 'aim', stageDescription: 'Ready to set the target' },
} as const satisfies Record<Modeling['state'], object>;

/** After its target has been set. */
const MODELING = {
  training: { stage: 'modeling', stageDescription: 'Training models' },
  done: { stage: 'modeling', stageDescription: 'The target is set' },
} as const;

export const projectStatusBody = z
  .object({ autopilotDone: z.boolean(), stage, stageDescription: z.string() })
  .meta({ id: 'ProjectStatus' });

/** @param isTraining whether models are being trained that the client did not ask for one by one */
export function toProjectStatusBody(
  { state, target }: Modeling,
  isTraining: boolean,
): z.output<typeof projectStatusBody> {
  if (!target) return { autopilotDone: false, ...STAGES[state] };
  return { autopilotDone: !isTraining, ...MODELING[isTraining ? 'training' : 'done'] };
}

/** No row is held out before the target is known. */
function maxTrain(rowCount: number | null, hasTarget: boolean): Pick<ProjectBody, 'maxTrainPct' | 'maxTrainRows'> {
  if (rowCount === null) return { maxTrainPct: null, maxTrainRows: null };
  const maxTrainPct = hasTarget ? 100 - HOLDOUT_PERCENTAGE : 100;
  return { maxTrainPct, maxTrainRows: Math.floor((rowCount * maxTrainPct) / 100) };
}

function stageOf({ state, target }: Modeling): z.output<typeof stage> {
  return target ? 'modeling' : STAGES[state].stage;
}

/** The settings of a project for its modelling: none of them has been changed. */
export const projectOptionsBody = z.object({}).meta({ id: 'ProjectOptions' });

export const projectBody = z
  .object({
    id: z.string(),
    projectName: z.string(),
    projectDescription: z.string().nullable(),
    fileName: z.string().nullable(),
    stage,
    target: z.string().nullable(),
    targetType: z.enum(Object.values(TARGET_TYPE_NAMES)).nullable(),
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
    partition: partitionBody.nullable(),
    unsupervisedMode: z.boolean(),
    useGpu: z.boolean(),
  })
  .meta({ id: 'Project' });

type ProjectBody = z.output<typeof projectBody>;

export function toProjectBody(project: Project, modeling: Modeling): ProjectBody {
  const { dataset, rowCount, holdoutUnlocked, target } = modeling;
  const catalog = dataset?.deleted === false ? dataset : null;
  return {
    id: project.id,
    projectName: project.name,
    projectDescription: project.description || null,
    fileName: dataset?.fileName ?? null,
    stage: stageOf(modeling),
    ...toTargetMembers(target),
    created: new Date(project.createdAt).toISOString(),
    catalogId: catalog?.id ?? null,
    catalogVersionId: catalog?.versionId ?? null,
    holdoutUnlocked,
    ...maxTrain(rowCount, target !== null),
    advancedOptions: {},
    unsupervisedMode: false,
    useGpu: false,
  };
}
