import { describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import * as queries from '../operations/queries.js';
import { readQuery } from './query.js';

const [A, B] = ['3f2504e0-4f89-41d3-9a0c-0305e82c3301', '3f2504e0-4f89-41d3-9a0c-0305e82c3302'];
const schemas = Object.entries(queries as Readonly<Record<string, z.ZodObject>>);

/** As the gateway parses it: a name that comes again makes its value a list. */
const read = (schema: z.ZodObject, query: Record<string, string | string[]>) =>
  readQuery({ query } as unknown as FastifyRequest, schema) as Record<string, unknown>;

const lists = schemas.flatMap(([operation, schema]) =>
  Object.keys(schema.shape).flatMap((name) => {
    const value = schema.safeParse({ [name]: `${A},${B}` }).data?.[name];
    return Array.isArray(value) ? [[operation, name, schema] as const] : [];
  }),
);

describe('a list in a query', () => {
  it('is a parameter of many operations', () => {
    expect(new Set(lists.map(([, name]) => name))).toEqual(
      new Set(['tagIds', 'imageIds', 'ids', 'targetExportPlatforms']),
    );
    expect(lists.length).toBeGreaterThan(9);
  });

  it.each(lists)('of %s can be written in every way: %s', (_operation, name, schema) => {
    const written: Record<string, string | string[]>[] = [
      { [name]: `${A},${B}` },
      { [name]: [A, B] },
      { [`${name}[]`]: [A, B] },
      { [`${name}[]`]: `${A},${B}` },
      { [`${name}[0]`]: A, [`${name}[1]`]: B },
      { [`${name.toUpperCase()}[0]`]: A, [`${name}[]`]: B },
      { [name]: A, [`${name}[]`]: B },
      { [name.toUpperCase()]: A, [name]: B },
    ];
    for (const query of written)
      expect([query, read(schema, query)[name]]).toEqual([query, expect.arrayContaining([A, B])]);
    expect(read(schema, { [`${name}[]`]: A })[name]).toEqual([A]);
    expect(read(schema, { [`${name}[]`]: '' })[name] ?? []).toEqual([]);
  });
});

it('takes one thing that is written as an item, and refuses two', () => {
  expect(read(queries.iterationQuery, { 'iterationId[]': A })).toEqual({ iterationId: A });
  expect(() => read(queries.iterationQuery, { iterationId: A, 'iterationId[0]': B })).toThrow('more than once');
  expect(read(queries.iterationQuery, { 'iterationId[x]': A, '[0]': B, '': B })).toEqual({ iterationId: undefined });
});
