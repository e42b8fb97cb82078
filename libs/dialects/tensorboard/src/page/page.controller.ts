import { Controller, Get, Req, Res, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExcludeController } from '@nestjs/swagger';
import { DomainError } from '@pentaprism/domain';
import { addVary, type AccessConfig } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PAGE_BASE } from '../addresses.js';
import { acceptsGzip, forbidCaching } from '../answer.js';
import { FeatureFlagsGuard } from '../feature-flags.guard.js';
import { mediaTypeOf } from './media-types.js';
import { missingPage } from './missing-page.js';
import { pageAddressOf } from './page-address.js';
import type { WebFile } from './web-archive.js';
import { WebFiles, type Missing } from './web-files.js';

/**
 * What TensorBoard's own server allows its page, without the hosts of others. The bundle evaluates code, and its styles are
 * inline. Notebooks show the page in frames, so nothing is said about these.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "font-src 'self' data:",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "script-src 'self' 'unsafe-eval'",
].join('; ');

/** For a file whose URL contains a hash of its bytes, as that of the script does. */
const KEEP_A_DAY = 'private, max-age=86400';
const FILE_HASH = '_file_hash';

/** TensorBoard's frontend: its page and the files beside it, unchanged. */
@ApiExcludeController()
@Controller(PAGE_BASE)
@UseGuards(FeatureFlagsGuard)
export class PageController {
  constructor(private readonly files: WebFiles) {}

  @Get()
  async page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { root, redirect } = pageAddressOf(request);
    if (redirect !== undefined) return void reply.redirect(redirect, 301);
    const page = await this.files.page(root);
    if (typeof page === 'string') return sendMissing(reply, page);
    await sendFile(request, reply, 'index.html', page);
  }

  @Get('*')
  @RouteConfig({ isFallback: true } satisfies AccessConfig)
  async file(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { '*': name = '' } = request.params as { '*'?: string };
    if (name === 'index.html') return this.page(request, reply);
    const file = await this.files.find(name);
    if (file === undefined || typeof file === 'string')
      throw new DomainError('NOT_FOUND', `There is no file ${name} in the frontend.`);
    await sendFile(request, reply, name, file);
  }
}

async function sendFile(request: FastifyRequest, reply: FastifyReply, name: string, file: WebFile): Promise<void> {
  const isHashed = (request.query as Readonly<Record<string, unknown>>)[FILE_HASH] !== undefined;
  const type = mediaTypeOf(name);
  void (isHashed ? reply.header('Cache-Control', KEEP_A_DAY) : forbidCaching(reply)).header('Content-Type', type);
  if (type.startsWith('text/html')) void reply.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
  addVary(reply, 'Accept-Encoding');
  if (!acceptsGzip(request.headers['accept-encoding'])) return void reply.send(await file.inflated());
  void reply.header('Content-Encoding', 'gzip').send(file.gzip);
}

function sendMissing(reply: FastifyReply, missing: Missing): void {
  void forbidCaching(reply)
    .status(404)
    .header('Content-Type', 'text/html; charset=utf-8')
    .header('Content-Security-Policy', "default-src 'none'")
    .send(missingPage(missing));
}
