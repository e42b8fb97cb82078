import type { Image, TagReference } from '@pentaprism/contracts';
import { compareTagNames, MAX_FILE_NAME_LENGTH, MAX_TAG_NAME_LENGTH } from '@pentaprism/domain';
import { LiftedText, queryBoolean, queryInteger, readBase64 } from '@pentaprism/http';
import { z } from 'zod';

/** Records of one page. */
export const MAX_LIMIT = 100;
/** Bytes of the JSON body of a one-shot upload: the original's "3.96 MB". */
export const UPLOAD_BODY_LIMIT = 3_960_000;
const INT32_MAX = 2 ** 31 - 1;

const epochSecond = queryInteger(-INT32_MAX - 1, INT32_MAX).optional();

export const pageQuery = z.object({
  limit: queryInteger(1, MAX_LIMIT).default(MAX_LIMIT),
  page: queryInteger(0, INT32_MAX).default(0),
});
export type PageQuery = z.output<typeof pageQuery>;

export const imageListQuery = pageQuery.extend({
  start_timestamp: epochSecond,
  end_timestamp: epochSecond,
  uploaded_only: queryBoolean.default(false),
});
export type ImageListQuery = z.output<typeof imageListQuery>;

const filename = z.string().max(MAX_FILE_NAME_LENGTH).default('');
const tagName = z.string().min(1).max(MAX_TAG_NAME_LENGTH);
const tags = z.array(tagName).default([]);

/** Base64 with padding, as the bytes that it stands for. Line breaks in it are ignored. */
const base64 = z
  .any()
  .meta({ type: 'string' })
  .transform((text: unknown, context): Buffer => {
    try {
      if (typeof text !== 'string' && !(text instanceof LiftedText)) context.addIssue('must be a string');
      else {
        const bytes = text instanceof LiftedText ? text.takeBase64() : readBase64(text.trim() === '' ? '' : text);
        if (bytes.length > 0) return bytes;
        context.addIssue('must not be empty');
      }
    } catch (error) {
      context.addIssue((error as Error).message);
    }
    return z.NEVER;
  });

/** Unknown properties are ignored. */
export const imageCreateInput = z
  .object({ filename, size: z.int().min(0).default(0), tags })
  .meta({ id: 'ImageCreateInput' });
/** Without `tags` nothing is asked for. */
export const imageUpdateInput = z.object({ tags: z.array(tagName).optional() }).meta({ id: 'ImageUpdateInput' });
export const uploadCreateInput = z.object({ filename, image_data: base64, tags }).meta({ id: 'UploadCreateInput' });

export const tagCreateInput = z.object({ name: tagName }).meta({ id: 'TagCreateInput' });
export const tagUpdateInput = z.object({ name: tagName }).meta({ id: 'TagUpdateInput' });

export const tag = z.object({ id: z.int(), name: z.string() }).meta({ id: 'Tag' });
export type Tag = z.output<typeof tag>;

export const imageRecord = z
  .object({
    id: z.int(),
    created_by: z.string(),
    created_timestamp: z.int(),
    filename: z.string(),
    size: z.int(),
    tags: z.array(tag),
    uploaded_timestamp: z.int().nullable(),
    url: z.string().nullable(),
    /** Not in the original: why the file is no picture. Absent for pictures, and before the file has been decoded. */
    undecodable_reason: z.string().optional(),
  })
  .meta({ id: 'ImageRecord' });
export type ImageRecord = z.output<typeof imageRecord>;

const pageMeta = z
  .object({ current_page: z.int(), has_more_pages: z.boolean(), total_results: z.int() })
  .meta({ id: 'PageMeta' });
export const imageBrowsePage = z
  .object({ results: z.array(imageRecord), meta: pageMeta })
  .meta({ id: 'ImageBrowsePage' });
export const tagBrowsePage = z.object({ results: z.array(tag), meta: pageMeta }).meta({ id: 'TagBrowsePage' });
export type TagBrowsePage = z.output<typeof tagBrowsePage>;

export const imageCreatedResponse = z
  .object({ id: z.int(), upload_url: z.string().optional() })
  .meta({ id: 'ImageCreatedResponse' });

/** 0 means "no bound", since the original file gives it as the default and generated clients send it. */
export function toBound(second: number | undefined): number | undefined {
  return second === 0 ? undefined : second;
}

export function toTag({ number, name }: TagReference): Tag {
  return { id: number, name };
}

/** @param url a fresh signed URL; null while there is no file */
export function toImageRecord(image: Image, url: string | null): ImageRecord {
  const seconds = (ms: number) => Math.floor(ms / 1000);
  return {
    id: image.number,
    created_by: image.createdBy,
    created_timestamp: seconds(image.createdAt),
    filename: image.fileName,
    size: image.size,
    tags: image.tags.map(toTag).sort((a, b) => compareTagNames(a.name, b.name)),
    uploaded_timestamp: image.uploadedAt === null ? null : seconds(image.uploadedAt),
    url,
    ...(image.undecodable === undefined ? {} : { undecodable_reason: image.undecodable }),
  };
}

export function toPage<Result>(results: Result[], { page, limit }: PageQuery, total: number) {
  return { results, meta: { current_page: page, has_more_pages: (page + 1) * limit < total, total_results: total } };
}
