import { Injectable } from '@nestjs/common';
import type { ContentReference, RadiographInfo } from '@pentaprism/contracts';
import { DomainError, MAX_RADIOGRAPH_BYTES } from '@pentaprism/domain';
import { Contents, principalOf, readForm, readWhole, type FormPart, type StoredContent } from '@pentaprism/http';
import { checkRadiograph } from '@pentaprism/png';
import type { FastifyRequest } from 'fastify';
import { MAX_IMAGE_INFO_BYTES, parseImageInfo } from './wire/image-info.js';

export interface MediaUpload {
  readonly content: ContentReference;
  readonly info: RadiographInfo;
}

/** The form, for the documentation. */
export const UPLOAD_FORM = {
  type: 'object',
  required: ['imageInfo', 'imageMedia'],
  properties: {
    imageInfo: { type: 'string', description: 'ImageInfo, as JSON' },
    imageMedia: { type: 'string', format: 'binary', description: 'A PNG of 16 bits in one gray channel' },
  },
};

type Parts = AsyncGenerator<FormPart, void>;

/** Media types that an uploaded PNG may be declared as; undefined: it is not. */
const DECLARED: readonly (string | undefined)[] = ['image/png', 'application/octet-stream', undefined];

/** The forms that images come in: a part `imageInfo` and a part `imageMedia`, in any order, named in any case. */
@Injectable()
export class MediaUploads {
  constructor(private readonly contents: Contents) {}

  /**
   * Stores the PNG of a form. Nothing is kept of a form that is refused, for whatever part of it.
   *
   * @param before refuses the form before anything of it is looked at
   * @throws DomainError UNSUPPORTED_MEDIA_TYPE for anything but a form with a 16-bit grayscale PNG; INVALID_ARGUMENT for a
   *   broken one, and for a missing or wrong `imageInfo`; PAYLOAD_TOO_LARGE
   */
  receive(request: FastifyRequest, area: StoredContent['area'], before?: () => Promise<unknown>): Promise<MediaUpload> {
    const { workspace } = principalOf(request);
    return readForm(request, async (parts) => {
      await before?.();
      const form: { info?: RadiographInfo } = {};
      for (let next = await parts.next(); !next.done; next = await parts.next()) {
        const part = next.value;
        await readInfo(request, part, form);
        if (!isNamed(part, 'imageMedia')) continue;
        const source = wholeForm(request, part, parts, form);
        const content = await this.contents.store(workspace, source, MAX_RADIOGRAPH_BYTES, area);
        return { content, info: form.info as RadiographInfo };
      }
      throw missing('imageMedia');
    });
  }
}

/**
 * The bytes of the PNG while they come and are checked. Their end is that of the form, whose other part may come after
 * them: bytes whose source fails are not kept.
 */
async function* wholeForm(
  request: FastifyRequest,
  media: FormPart,
  parts: Parts,
  form: { info?: RadiographInfo },
): AsyncGenerator<Uint8Array> {
  const { declaredType } = media;
  if (!DECLARED.includes(declaredType))
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'imageMedia must be image/png.', { declaredType });
  yield* checkRadiograph(media.bytes);
  for await (const part of parts) {
    await readInfo(request, part, form);
    if (isNamed(part, 'imageMedia')) throw twice('imageMedia');
  }
  if (!form.info) throw missing('imageInfo');
}

async function readInfo(request: FastifyRequest, part: FormPart, form: { info?: RadiographInfo }): Promise<void> {
  if (!isNamed(part, 'imageInfo')) return;
  if (form.info) throw twice('imageInfo');
  form.info = parseImageInfo(await readWhole(request, part.bytes, MAX_IMAGE_INFO_BYTES, 'imageInfo'));
}

function isNamed({ name }: FormPart, expected: string): boolean {
  return name.toLowerCase() === expected.toLowerCase();
}

function missing(name: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', `The form has no part ${name}.`);
}

function twice(name: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', `The form has two parts ${name}.`);
}
