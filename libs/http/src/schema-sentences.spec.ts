import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { schemaFailure } from './errors.js';
import { sayPlainly } from './schema-sentences.js';

const schema = z.object({
  name: z.string().min(1).max(5).optional(),
  long: z.string().min(3).optional(),
  list: z.array(z.string()).max(1).optional(),
  count: z.int().min(2).max(9).optional(),
  share: z.number().gt(0).lt(1).optional(),
  flag: z.boolean().optional(),
  mode: z.union([z.enum(['auto', 'quick']), z.literal([0, 3])]).optional(),
  label: z.union([z.string(), z.number()]).optional(),
  order: z.enum(['a', 'b']).optional(),
  only: z.literal(true).optional(),
  digits: z.string().regex(/^\d+$/).optional(),
  own: z.string().min(1, 'needs a letter').optional(),
  checked: z
    .string()
    .refine(() => false)
    .optional(),
  needed: z.string().default('x'),
});

function messageOf(value: unknown, of: z.ZodType = schema): string {
  const { error } = of.safeParse(value);
  return schemaFailure(error?.issues ?? []).message;
}

describe('sayPlainly', () => {
  beforeAll(sayPlainly);
  afterAll(() => void z.config({ customError: undefined }));

  it.each([
    [{ name: '' }, 'name: must not be empty'],
    [{ name: 'abcdef' }, 'name: must have at most 5 characters'],
    [{ name: 5 }, 'name: must be a text'],
    [{ name: null }, 'name: must be a text'],
    [{ long: 'ab' }, 'long: must have at least 3 characters'],
    [{ list: ['a', 'b'] }, 'list: must have at most 1 entries'],
    [{ list: 'a' }, 'list: must be a list'],
    [{ count: 1 }, 'count: must be at least 2'],
    [{ count: 10 }, 'count: must be at most 9'],
    [{ count: 2.5 }, 'count: must be a whole number'],
    [{ share: 0 }, 'share: must be greater than 0'],
    [{ share: 1 }, 'share: must be less than 1'],
    [{ flag: 'yes' }, 'flag: must be true or false'],
    [{ mode: 1 }, 'mode: must be one of: auto, quick, 0, 3'],
    [{ label: true }, 'label: must be a text or a number'],
    [{ order: 'c' }, 'order: must be one of: a, b'],
    [{ only: false }, 'only: must be true'],
    [{ digits: 'a' }, 'digits: has the wrong format'],
    [{ own: '' }, 'own: needs a letter'],
    [{ checked: 'a' }, 'checked: is not valid'],
    [[], 'The body must be an object.'],
    [undefined, 'The body is required.'],
  ])('says of %j: %s', (value, message) => {
    expect(messageOf(value)).toBe(message);
  });

  it('names what a value on its own is wrong for', () => {
    const { error } = z.array(z.string()).safeParse('x');
    const issues = (error?.issues ?? []).map((issue) => ({ ...issue, path: ['categories', ...issue.path] }));
    expect(schemaFailure(issues).message).toBe('categories: must be a list');
  });

  it('says that a member is required, and which ones do not exist', () => {
    expect(messageOf({}, z.object({ target: z.string() }))).toBe('target: is required');
    expect(messageOf({ a: { b: 1 } }, z.object({ a: z.strictObject({}) }))).toBe('a: has members that do not exist: b');
  });
});
