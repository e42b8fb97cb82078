import { Injectable } from '@nestjs/common';
import { EXPORT_FORMATS, iterationContracts, type ExportedModel } from '@pentaprism/contracts';
import { MAX_PUBLISH_NAME_LENGTH } from '@pentaprism/domain';
import { FileUrls, principalOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import type { Export, Iteration } from '../v3/models.js';
import { refusal } from '../wire/codes.js';
import { checkGuid, idInPath, idOrNothing, isWorkspace } from '../wire/ids.js';
import { isName, nameRule } from '../wire/names.js';
import { required } from '../wire/query.js';
import { toIteration } from './iteration-view.js';
import { Services } from './services.js';

export interface TrainingInput {
  readonly trainingType?: string | undefined;
  readonly reservedBudgetInHours?: number | undefined;
  readonly forceTrain?: boolean;
  /** GUIDs. */
  readonly selectedTags?: readonly string[] | null | undefined;
}

export interface PublishInput {
  readonly publishName?: string | undefined;
  readonly predictionId?: string | undefined;
  readonly overwrite: boolean;
}

/** Trains one of these at most; the contract's limit. */
const MAX_SELECTED_TAGS = 1_000;
const MAX_TRAINING_TYPE_LENGTH = 100;
const MAX_ITERATION_NAME_LENGTH = 100;
const MAX_PREDICTION_ID_LENGTH = 1_000;

/** The files that a model can be made into, by platform and flavour of the original. */
const FILES = {
  onnx: { platform: 'ONNX', flavor: null },
  'onnx-float16': { platform: 'ONNX', flavor: 'ONNXFloat16' },
  'onnx-1.0': { platform: 'ONNX', flavor: 'ONNX10' },
  'onnx-1.2': { platform: 'ONNX', flavor: 'ONNX12' },
  'tensorflow-js': { platform: 'TensorFlow', flavor: 'TensorFlowJs' },
} as const satisfies Record<ExportedModel['platform'], Pick<Export, 'platform' | 'flavor'>>;
const EXPORT_STATUSES = { exporting: 'Exporting', completed: 'Done', failed: 'Failed' } as const;

/** Trainings of a project, and the models that come out of them. */
@Injectable()
export class Iterations {
  constructor(
    private readonly services: Services,
    private readonly urls: FileUrls,
  ) {}

  async train(project: string, input: TrainingInput): Promise<Iteration> {
    const { trainingType = null, reservedBudgetInHours = 0, forceTrain: force = false, selectedTags } = input;
    const projectId = idInPath(project, 'project');
    if ((selectedTags?.length ?? 0) > MAX_SELECTED_TAGS)
      throw refusal('BadRequestExceededBatchSize', `selectedTags has at most ${MAX_SELECTED_TAGS} ids.`);
    const trained = await this.services.call(iterationContracts.train, {
      projectId,
      force,
      selectedTags: (selectedTags ?? []).map(idOrNothing),
      trainingType: trainingType?.slice(0, MAX_TRAINING_TYPE_LENGTH) ?? null,
      reservedBudgetInHours,
    });
    return toIteration(trained);
  }

  /** Newest first. */
  async list(project: string): Promise<Iteration[]> {
    const projectId = idInPath(project, 'project');
    const { iterations } = await this.services.call(iterationContracts.list, { projectId });
    return iterations.map(toIteration);
  }

  async get(project: string, iteration: string): Promise<Iteration> {
    return toIteration(await this.services.call(iterationContracts.get, keyOf(project, iteration)));
  }

  /** @throws DomainError BadRequestIterationName, BadRequestIterationIsNotTrained and others */
  async update(
    project: string,
    iteration: string,
    { name, isDefault }: { name?: string | null | undefined; isDefault?: boolean | null | undefined },
  ): Promise<Iteration> {
    if (isWorkspace(checkGuid(iteration, 'iteration'), idInPath(project, 'project')))
      throw refusal('BadRequestWorkspaceCannotBeModified', 'The workspace cannot be changed.');
    if (typeof name === 'string' && !isName(name, MAX_ITERATION_NAME_LENGTH))
      throw refusal('BadRequestIterationName', nameRule("An iteration's name", MAX_ITERATION_NAME_LENGTH));
    const updated = await this.services.call(iterationContracts.update, {
      ...keyOf(project, iteration),
      ...(typeof name === 'string' ? { name } : {}),
      ...(typeof isDefault === 'boolean' ? { isDefault } : {}),
    });
    return toIteration(updated);
  }

  async delete(project: string, iteration: string): Promise<void> {
    if (isWorkspace(checkGuid(iteration, 'iteration'), idInPath(project, 'project')))
      throw refusal('BadRequestWorkspaceNotDeletable', 'The workspace cannot be deleted.');
    await this.services.call(iterationContracts.delete, keyOf(project, iteration));
  }

  async publish(project: string, iteration: string, input: PublishInput): Promise<void> {
    const key = keyOf(project, iteration);
    const name = required(input.publishName, 'publishName');
    const target = required(input.predictionId, 'predictionId');
    if (!isName(name, MAX_PUBLISH_NAME_LENGTH))
      throw refusal('BadRequestInvalidPublishName', nameRule('publishName', MAX_PUBLISH_NAME_LENGTH));
    if (target.length > MAX_PREDICTION_ID_LENGTH)
      throw refusal(
        'BadRequestInvalidPublishTarget',
        `predictionId has at most ${MAX_PREDICTION_ID_LENGTH} characters.`,
      );
    await this.services.call(iterationContracts.publish, { ...key, name, target, overwrite: input.overwrite });
  }

  async unpublish(project: string, iteration: string): Promise<void> {
    await this.services.call(iterationContracts.unpublish, keyOf(project, iteration));
  }

  /**
   * @throws DomainError BadRequestOperationNotSupported for formats that are not made here;
   *   BadRequestExportAlreadyInProgress
   */
  async export(
    request: FastifyRequest,
    project: string,
    iteration: string,
    platform: string | undefined,
    flavor: string | undefined,
  ): Promise<Export> {
    const file = fileOf(required(platform, 'platform'), flavor);
    const key = keyOf(project, iteration);
    const { exports } = await this.services.call(iterationContracts.exports, key);
    if (exports.some((each) => each.platform === file && each.status === 'exporting'))
      throw refusal(
        'BadRequestExportAlreadyInProgress',
        'An export of this format is in progress; wait until it is done.',
      );
    const model = await this.services.call(iterationContracts.export, { ...key, platform: file });
    return this.toExport(request, model);
  }

  async exports(request: FastifyRequest, project: string, iteration: string): Promise<Export[]> {
    const { exports } = await this.services.call(iterationContracts.exports, keyOf(project, iteration));
    return Promise.all(exports.map((model) => this.toExport(request, model)));
  }

  private async toExport(request: FastifyRequest, { platform, status, content }: ExportedModel): Promise<Export> {
    const { workspace } = principalOf(request);
    const downloadUri = content && (await this.urls.signContent(request, { area: 'models', workspace, ...content }));
    return { ...FILES[platform], status: EXPORT_STATUSES[status], downloadUri, newerVersionAvailable: false };
  }
}

export function keyOf(project: string, iteration: string) {
  return { projectId: idInPath(project, 'project'), iterationId: idInPath(iteration, 'iteration') };
}

/** In any letter case, as the original takes them. */
function fileOf(platform: string, flavor = ''): ExportedModel['platform'] {
  const wanted = `${platform}/${flavor}`.toLowerCase();
  const file = EXPORT_FORMATS.find((format) => {
    const { platform, flavor } = FILES[format];
    return `${platform}/${flavor ?? ''}`.toLowerCase() === wanted;
  });
  if (file) return file;
  throw refusal(
    'BadRequestOperationNotSupported',
    'Models are exported as ONNX, without a flavor or with ONNX10, ONNX12 or ONNXFloat16, and as TensorFlow with the ' +
      'flavor TensorFlowJs.',
  );
}
