import { MAX_METADATA_KEY_LENGTH, MAX_METADATA_PAIRS, MAX_METADATA_VALUE_LENGTH } from '@pentaprism/domain';
import { LiftedText } from '@pentaprism/http';
import { z } from 'zod';
import { complaint, guid } from '../wire/parse.js';

/**
 * Models of requests, in v3.4's terms; v1.2 writes the same ones in another case. What is null is as good as absent, and
 * how many of something there may be is a matter of the operation.
 */
const text = z.string().nullish();
const tagIds = z
  .array(guid)
  .nullish()
  .transform((ids) => ids ?? []);

/** Members that would be lost, and are therefore refused where there is something in them. */
const unsupported = <Schema extends z.ZodType>(schema: Schema, what: string) =>
  schema.nullish().superRefine((given, context) => {
    if (given && Object.keys(given).length > 0)
      context.addIssue(complaint('BadRequestOperationNotSupported', `is not supported: ${what}`));
  });
/** Escaped in JSON they take six times their length, and no list shows them. */
const CONTROL = /\p{Cc}/u;
/** What is noted of images. */
export const imageMetadata = z.record(z.string(), z.string()).superRefine((pairs, context) => {
  const [keys, values] = [Object.keys(pairs), Object.values(pairs)];
  if (keys.length > MAX_METADATA_PAIRS)
    context.addIssue(complaint('BadRequestImageMetadataKey', `has at most ${MAX_METADATA_PAIRS} pairs`));
  if (keys.some((key) => key === '' || key.length > MAX_METADATA_KEY_LENGTH))
    context.addIssue(complaint('BadRequestImageMetadataKey', `has keys of 1 to ${MAX_METADATA_KEY_LENGTH} characters`));
  if (keys.some((key) => CONTROL.test(key)))
    context.addIssue(complaint('BadRequestImageMetadataKey', 'has control characters in a key'));
  if (values.some((value) => CONTROL.test(value)))
    context.addIssue(complaint('BadRequestImageMetadataValue', 'has control characters in a value'));
  if (values.some((value) => value.length > MAX_METADATA_VALUE_LENGTH))
    context.addIssue(complaint('BadRequestImageMetadataValue', `has values of at most ${MAX_METADATA_VALUE_LENGTH} characters`)); // prettier-ignore
});
export type ImageMetadata = z.output<typeof imageMetadata>;
const regions = unsupported(z.array(z.unknown()), 'there is no object detection here');

function batch<Entry extends z.ZodType>(entry: Entry) {
  return z.object({
    metadata: imageMetadata.nullish(),
    images: z
      .array(entry)
      .nullish()
      .transform((entries) => entries ?? []),
    tagIds,
  });
}

/** Base64: a text, or what was lifted out of a large body. */
const contents = z.union([z.string(), z.custom<LiftedText>((value) => value instanceof LiftedText)]).nullish();

export const imageFileCreateBatch = batch(z.object({ name: text, contents, tagIds, regions }));
export const imageUrlCreateBatch = batch(z.object({ url: text, tagIds, regions }));
export const imageIdCreateBatch = batch(z.object({ id: guid, tagIds, regions }));

export const imageTagCreateBatch = z.object({
  tags: z
    .array(z.object({ imageId: guid, tagId: guid }))
    .nullish()
    .transform((pairs) => pairs ?? []),
});

export const imageUrl = z.object({ url: text });

export const projectInput = z.object({
  name: text,
  description: text,
  settings: z
    .object({
      domainId: guid.nullish(),
      classificationType: text,
      targetExportPlatforms: z.array(z.string()).nullish(),
    })
    .nullish(),
});

export const tagInput = z.object({ name: text, description: text, type: text });
export const iterationInput = z.object({ name: text, isDefault: z.boolean().nullish() });
export const trainingParameters = z.object({ selectedTags: z.array(guid).nullish() });

const time = z
  .string()
  .transform((given, context) => {
    const milliseconds = Date.parse(given);
    if (Number.isNaN(milliseconds) || milliseconds < 0) context.addIssue('must be a time');
    return milliseconds;
  })
  .nullish();

export const predictionQueryToken = z.object({
  session: text,
  continuation: text,
  maxCount: z.int().nullish(),
  orderBy: text,
  tags: z
    .array(z.object({ id: guid, minThreshold: z.number().nullish(), maxThreshold: z.number().nullish() }))
    .nullish(),
  iterationId: guid.nullish(),
  startTime: time,
  endTime: time,
  application: text,
});
export type PredictionQueryToken = z.output<typeof predictionQueryToken>;

export type FileBatch = z.output<typeof imageFileCreateBatch>;
export type UrlBatch = z.output<typeof imageUrlCreateBatch>;
export type IdBatch = z.output<typeof imageIdCreateBatch>;
