import { MAX_PAGE_OFFSET, MAX_TRAINING_PAGE_SIZE } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { refusal } from './codes.js';
import { complaint, guid, parseWith } from './parse.js';

/** Tags of a filter, or given to new images, in one query. */
export const MAX_QUERY_TAGS = 20;
const DEFAULT_TAKE = 50;

/** What a parameter is before it is parsed: one text, or several where it comes again. */
export const parameter = z.union([z.string(), z.array(z.string())]).optional();

/** The text of a parameter that comes once; an empty one is as good as none. */
const text = z
  .string('must not be there more than once')
  .optional()
  .transform((value) => (value === '' ? undefined : value));

export const optionalText = text;
/** As it is: an empty one is one. */
export const plainText = z.string('must not be there more than once').optional();

export const optionalGuid = text.pipe(guid.optional());

/** `a,b`, or repeated, or both; nothing in it is as good as none. Each once. */
export function guidList(max: number) {
  return parameter
    .transform((value, context) => {
      const given = [value ?? []].flat().flatMap((part) => part.split(','));
      const ids = given.map((id) => id.trim()).filter((id) => id !== '');
      if (ids.length > max) {
        context.addIssue(complaint('BadRequestExceededBatchSize', `must be at most ${max} ids`));
        return z.NEVER;
      }
      return ids.length === 0 ? undefined : ids;
    })
    .pipe(z.array(guid).optional())
    .transform((ids) => ids && [...new Set(ids)]);
}

export const tagIds = guidList(MAX_QUERY_TAGS);

/** `true` or `false` in any case; undefined where nothing is said. */
export const optionalBoolean = text
  .pipe(
    z
      .string()
      .regex(/^(?:true|false)$/i, 'must be true or false')
      .optional(),
  )
  .transform((value) => (value === undefined ? undefined : value.toLowerCase() === 'true'));
/** The same; false where nothing is said. */
export const boolean = optionalBoolean.transform((value) => value ?? false);

/** One of some words in any case; the word as it is written here. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return text.transform((value, context) => {
    const found = words.find((word) => word.toLowerCase() === value?.toLowerCase());
    if (value !== undefined && found === undefined) context.addIssue(`must be one of ${words.join(', ')}`);
    return found as Words[number] | undefined;
  });
}

/** A number from `min` to `max`, as decimals. */
export function decimal(min: number, max: number) {
  return text
    .pipe(
      z
        .string()
        .regex(/^[+-]?(?:\d{1,15}(?:\.\d{0,20})?|\.\d{1,20})(?:e[+-]?\d{1,3})?$/i, 'must be a number')
        .optional(),
    )
    .transform((value) => (value === undefined ? undefined : Number(value)))
    .pipe(z.number().min(min).max(max).optional());
}

/** A count; beyond its limits it is a batch that is too large. */
function count(max: number, fallback: number) {
  return text.transform((value, context) => {
    if (value === undefined) return fallback;
    if (!/^[+-]?\d{1,15}$/.test(value)) context.addIssue('must be a whole number');
    const number = Number(value);
    if (number < 0 || number > max)
      context.addIssue(complaint('BadRequestExceededBatchSize', `must be from 0 to ${max}`));
    return number;
  });
}

export const order = oneOf(['Newest', 'Oldest']).transform((value) => value ?? 'Newest');

/** A page; `skip` beyond every project's end is one past the end. */
export const page = {
  orderBy: order,
  take: count(MAX_TRAINING_PAGE_SIZE, DEFAULT_TAKE),
  skip: count(Number.MAX_SAFE_INTEGER, 0).transform((skip) => Math.min(skip, MAX_PAGE_OFFSET)),
};

/** How clients write that a parameter is an item of a list: `tagIds[]`, `tagIds[0]`. */
const ITEM = /(?:\[\d{0,6}\])+$/;

/**
 * The query of a request; names in any case, and those that nobody knows mean nothing. `tagIds[]=a&tagIds[1]=b` is the same
 * as `tagIds=a&tagIds=b`.
 *
 * @throws DomainError INVALID_ARGUMENT, or the refusals that the schema names
 */
export function readQuery<Shape extends z.core.$ZodLooseShape>(
  request: FastifyRequest,
  schema: z.ZodObject<Shape>,
): z.output<z.ZodObject<Shape>> {
  const given = new Map<string, string[]>();
  for (const [name, value] of Object.entries(request.query as Record<string, string | string[]>)) {
    const known = name.replace(ITEM, '').toLowerCase();
    given.set(known, [...(given.get(known) ?? []), ...[value].flat()]);
  }
  const found = Object.keys(schema.shape).map((name) => {
    const values = given.get(name.toLowerCase()) ?? [];
    return [name, values.length > 1 ? values : values[0]];
  });
  return parseWith(schema, Object.fromEntries(found));
}

/** @throws DomainError BadRequestRequiredParamIsNull */
export function required<T>(value: T | undefined | null, name: string): T {
  if (value === undefined || value === null) throw refusal('BadRequestRequiredParamIsNull', `${name} is required.`);
  return value;
}
