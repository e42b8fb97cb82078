import { Bus } from '@pentaprism/bus';
import { verifySignedUrl, type SignedTarget } from '@pentaprism/blob-store';
import { imageContracts, ingestContracts } from '@pentaprism/contracts';
import { DomainError, systemNow } from '@pentaprism/domain';
import {
  awaitsContinue,
  drain,
  incompleteBody,
  nameInArea,
  refuseDeclaredLength,
  type AccessConfig,
  type Contents,
} from '@pentaprism/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { GatewayConfig } from '../config.js';
import { fromContentId } from './content-id.js';
import type { ImageContents } from './image-contents.js';

export interface FileRoutesOptions {
  readonly bus: Bus;
  readonly contents: Contents;
  readonly images: ImageContents;
  readonly config: GatewayConfig;
  /** Answers failures: this scope does not inherit the handler that Nest sets at the root later on. */
  readonly onError: (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;
}

/**
 * The files behind signed URLs: no key, the URL is the permission. Plain Fastify routes in a scope of their own, since
 * here, unlike anywhere else, a body of any content type is a stream of bytes.
 */
export async function fileRoutes(scope: FastifyInstance, options: FileRoutesOptions): Promise<void> {
  scope.setErrorHandler(options.onError);
  // Fastify would refuse a content type that is none; here it means nothing.
  scope.addHook('onRequest', async ({ headers }) => {
    headers['content-type'] = 'application/octet-stream';
  });
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  // The URL is the permission.
  const config: AccessConfig = { role: 'none' };
  scope.get('/files/*', { config }, (request, reply) => download(request, reply, options));
  scope.put('/files/*', { config, bodyLimit: options.config.MAX_UPLOAD_BYTES }, (request, reply) =>
    upload(request, reply, options),
  );
}

/** Areas whose bytes may be signed by their content. */
const CONTENT_AREAS = ['originals', 'thumbnails', 'models'] as const;

async function download(
  request: FastifyRequest,
  reply: FastifyReply,
  { images, contents, config }: FileRoutesOptions,
): Promise<FastifyReply> {
  const { workspace, id, area, expiresAt } = verify(request, config);
  const content = fromContentId(id);
  const contentArea = CONTENT_AREAS.find((each) => each === area);
  if (content && contentArea) {
    // The bytes never change, and the URL is the permission: for as long as it lives, clients may cache them.
    const maxAge = Math.max(0, expiresAt - Math.floor(systemNow() / 1000));
    // No record was read: the bytes may have been collected since the URL was made.
    const options = { maxAge, mayBeGone: true, fileName: nameInArea(contentArea) };
    await contents.send(request, reply, { area: contentArea, workspace, ...content }, options);
    return reply;
  }
  if (area !== 'originals') throw nothing();
  const { fileName, ...original } = await images.get(workspace, id);
  await contents.send(request, reply, { area: 'originals', workspace, ...original }, { fileName });
  return reply;
}

async function upload(
  request: FastifyRequest,
  reply: FastifyReply,
  { bus, contents, config }: FileRoutesOptions,
): Promise<FastifyReply> {
  // A request without a body is not parsed.
  const body = (request.body as Readable | undefined) ?? request.raw;
  try {
    const { workspace, id, area } = verify(request, config);
    if (area !== 'originals') throw nothing();
    refuseDeclaredLength(request, config.MAX_UPLOAD_BYTES);
    const context = { workspace };
    // Before any byte is kept: an image that was deleted takes no file.
    await bus.call(imageContracts.get, { id }, { context });
    const content = await contents.store(workspace, body, config.MAX_UPLOAD_BYTES);
    await bus.call(ingestContracts.receiveFile, { imageId: id, content }, { context });
    // Upload widgets wait for it, since S3 sends one.
    return await reply.status(200).header('ETag', `"${content.sha256}"`).send();
  } catch (error) {
    if (body.destroyed && !body.readableEnded) throw incompleteBody(error);
    if (!body.destroyed && !awaitsContinue(request)) await drain(body);
    throw error;
  }
}

function verify(request: FastifyRequest, config: GatewayConfig): SignedTarget {
  return verifySignedUrl(request.method, request.raw.url ?? '', config.SIGNING_SECRETS, Math.floor(systemNow() / 1000));
}

function nothing(): DomainError {
  return new DomainError('NOT_FOUND', 'There is no such file.');
}
