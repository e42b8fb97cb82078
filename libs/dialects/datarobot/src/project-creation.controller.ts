import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { modelingContracts, type RequestOf } from '@pentaprism/contracts';
import { schemaFailure, type BodyConfig } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { z } from 'zod';
import { DatasetUploads } from './dataset-uploads.js';
import { fileNameOfUrl } from './wire/dataset.js';
import { parseProjectName, PROJECT_FORM, PROJECT_SOURCE } from './wire/form.js';
import { statusLink } from './wire/links.js';
import { createdProjectBody, createProjectBody } from './wire/project.js';

type Creation = RequestOf<typeof modelingContracts.create>;

/** Projects from files, from addresses, and from datasets. */
@ApiTags('projects')
@Controller('api/v2/projects')
export class ProjectCreationController {
  constructor(
    private readonly bus: Bus,
    private readonly uploads: DatasetUploads,
  ) {}

  @Post()
  @HttpCode(202)
  @RouteConfig({ multipart: true } satisfies BodyConfig)
  @ApiOperation({
    operationId: 'createProject',
    summary: 'Create a project from a file, an address or a dataset',
    requestBody: {
      required: true,
      content: { 'multipart/form-data': { schema: PROJECT_FORM }, 'application/json': { schema: PROJECT_SOURCE } },
    },
  })
  @ApiAcceptedResponse({ standardSchema: createdProjectBody })
  async create(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof createdProjectBody>> {
    const isForm = request.body instanceof Readable;
    const creation = isForm ? await this.receive(request) : creationOf(request.body);
    const { projectId, datasetId, versionId, jobId } = await this.bus.call(modelingContracts.create, creation);
    void reply.header('Location', statusLink(request, jobId));
    return { pid: projectId, catalogId: datasetId, catalogVersionId: versionId, statusId: jobId };
  }

  private async receive(request: FastifyRequest): Promise<Creation> {
    const { content, fileName, fields } = await this.uploads.receiveDataset(request, { projectName: parseProjectName });
    return { ...named(fields.projectName), source: { kind: 'new', fileName, source: { kind: 'content', content } } };
  }
}

/** Throws INVALID_ARGUMENT for a body that does not name one source. */
function creationOf(body: unknown): Creation {
  const parsed = createProjectBody.safeParse(body ?? {});
  if (!parsed.success) throw schemaFailure(parsed.error.issues);
  const { datasetId, datasetVersionId, url, projectName } = parsed.data;
  const source: Creation['source'] = datasetId
    ? { kind: 'dataset', datasetId, ...(datasetVersionId ? { versionId: datasetVersionId } : {}) }
    : fetched(url ?? '');
  return { ...named(projectName), source };
}

function fetched(url: string): Creation['source'] {
  return { kind: 'new', fileName: fileNameOfUrl(url), source: { kind: 'url', url } };
}

function named(name: string | null | undefined): Pick<Creation, 'name'> {
  return typeof name === 'string' ? { name } : {};
}
