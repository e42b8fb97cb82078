import { Body, Controller, Get, HttpCode, Param, Patch, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { MAX_TARGET_BINS_PER_CALL, MAX_TARGET_IMAGES_PER_CALL, targetContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { principalOf } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { requireFeaturelist } from './featurelists.js';
import { openPortions } from './portions.js';
import { namingParameters } from './refusals.js';
import { sendPage } from './streams.js';
import { TargetImagePages } from './target-image-pages.js';
import { linkTo, statusLink } from './wire/links.js';
import { pageOf } from './wire/paging.js';
import { projectIdOf } from './wire/parameters.js';
import { statusReference } from './wire/status.js';
import {
  aimBody,
  imageBin,
  imageBinsQuery,
  imagesQuery,
  toImagesFilter,
  toTargetRequest,
  valuedImage,
} from './wire/target.js';

/** The targets of projects, and images by their values. */
@ApiTags('projects')
@Controller('api/v2/projects/:projectId')
export class TargetsController {
  constructor(
    private readonly bus: Bus,
    private readonly imagePages: TargetImagePages,
  ) {}

  @Patch('aim')
  @HttpCode(202)
  @ApiOperation({ operationId: 'setTarget', summary: 'Set the target of a project' })
  @ApiAcceptedResponse({ standardSchema: statusReference })
  async setTarget(
    @Param('projectId') id: string,
    @Body({ schema: aimBody }) body: z.output<typeof aimBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof statusReference>> {
    const projectId = projectIdOf(id);
    await requireFeaturelist(this.bus, projectId, body.featurelistId);
    const setting = this.bus.call(targetContracts.set, { projectId, ...toTargetRequest(body) });
    const { jobId } = await namingParameters(setting, { column: 'target', type: 'targetType' });
    void reply.header('Location', statusLink(request, jobId));
    return { statusId: jobId };
  }

  @Get('images')
  @ApiOperation({ operationId: 'listImages', summary: 'List images of a project by their target values' })
  @ApiOkResponse({ standardSchema: pageOf(valuedImage) })
  async listImages(
    @Param('projectId') id: string,
    @Query({ schema: imagesQuery }) query: z.output<typeof imagesQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { workspace } = principalOf(request);
    const { offset: from, limit: most, column, targetValue, ...edges } = query;
    const filter = { projectId: projectIdOf(id), ...toImagesFilter(query) };
    const filtering = filter.values ? 'targetValue' : filter.range && 'targetBinStart';
    const read = async (offset: number, limit: number) => {
      const answer = this.imagePages.read(workspace, { ...filter, offset, limit });
      const { images, total } = await namingParameters(withTarget(answer), {}, filtering);
      return { items: images, total };
    };
    const paging = { offset: from, limit: most };
    const [targetBinStart, targetBinEnd] = [edges.targetBinStart?.toString(), edges.targetBinEnd?.toString()];
    const filters = { column, targetValue, targetBinStart, targetBinEnd };
    const opened = await openPortions(read, paging, MAX_TARGET_IMAGES_PER_CALL);
    const page = { link: linkTo(request, 'projects', id, 'images'), filters, paging };
    sendPage({ request, reply }, page, opened, ({ value, ...image }) => ({ ...image, targetValue: value }));
  }

  @Get('imageBins')
  @ApiOperation({ operationId: 'listImageBins', summary: 'List the target values of a project with an image of each' })
  @ApiOkResponse({ standardSchema: pageOf(imageBin) })
  async listBins(
    @Param('projectId') id: string,
    @Query({ schema: imageBinsQuery }) { featureName, ...paging }: z.output<typeof imageBinsQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const filter = { projectId: projectIdOf(id), column: featureName };
    const read = async (offset: number, limit: number) => {
      const answer = this.bus.call(targetContracts.bins, { ...filter, offset, limit });
      const { bins, total } = await namingParameters(withTarget(answer), { column: 'featureName' });
      return { items: bins, total };
    };
    const opened = await openPortions(read, paging, MAX_TARGET_BINS_PER_CALL);
    const page = { link: linkTo(request, 'projects', id, 'imageBins'), filters: { featureName }, paging };
    sendPage({ request, reply }, page, opened, ({ label, start, end, rows, cover }) => ({
      imageId: cover?.imageId ?? null,
      width: cover?.width ?? null,
      height: cover?.height ?? null,
      targetValue: label,
      targetBinStart: start,
      targetBinEnd: end,
      targetBinRowCount: rows,
    }));
  }
}

/** Waits for the answer of a service. If the project has no target, says where its images are. */
async function withTarget<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    if (!DomainError.is(error, 'FAILED_PRECONDITION')) throw error;
    throw new DomainError('FAILED_PRECONDITION', 'The project has no target. Its images are at imageSamples/.');
  }
}
