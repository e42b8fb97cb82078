import { z } from 'zod';

/** JSON Schema as far as it is looked at here. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minimum?: number;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly $ref?: string;
}

export interface Route {
  readonly dialect: string;
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly pathParameters: readonly string[];
  readonly queryParameters: readonly string[];
  /** Of a JSON body, where it takes one; without references. */
  readonly body: Schema | undefined;
  /** It takes a form with an image. */
  readonly form: boolean;
}

/** Uploads by forms: their documents say nothing of a body. */
const FORMS: readonly RegExp[] = [
  /^POST \/api\/dsio\/filters\/v1\/images$/,
  /^POST \/api\/dsio\/modality\/v1\/acquisition\/\{sessionId\}\/images$/,
];
/** The type of bodies that are pieces of files, which are malformed without one as well. */
const PIECE = 'application/offset+octet-stream';
/** Bodies whose members the documents do not name, since their clients write them in any case. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  'POST /api/dsio/filters/v1/images/modality': ['sessionId', 'imageId'],
};

const parameter = z.object({ name: z.string(), in: z.string() });
const operation = z.object({
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ content: z.record(z.string(), z.object({ schema: z.custom<Schema>() })) }).optional(),
});
const openApi = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), z.custom<Schema>()).default({}) }).optional(),
});

/** Everything that the gateway says that it serves, so that what is added later is drilled, too. */
export async function routesOf(origin: string): Promise<Route[]> {
  const page = await (await fetch(`${origin}/docs/swagger-ui-init.js`)).text();
  const names = [...new Set([...page.matchAll(/\/docs\/([\w-]+)\/openapi\.json/g)].map(([, name]) => name ?? ''))];
  if (names.length === 0) throw new Error('the page of the documentation names no API');
  return (await Promise.all(names.map((name) => routesOfDialect(origin, name)))).flat();
}

async function routesOfDialect(origin: string, dialect: string): Promise<Route[]> {
  const answer = await fetch(`${origin}/docs/${dialect}/openapi.json`);
  const { paths, components } = openApi.parse(await answer.json());
  const schemas = components?.schemas ?? {};
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { parameters, requestBody }]) => {
      const title = `${method.toUpperCase()} ${path}`;
      const { 'application/json': ofJson, 'multipart/form-data': ofForm } = requestBody?.content ?? {};
      const ofPieces = requestBody !== undefined && PIECE in requestBody.content;
      if (requestBody && !ofJson && !ofForm && !ofPieces)
        throw new Error(`nobody told the drills how to write a body for ${title}`);
      return {
        dialect,
        method: method.toUpperCase(),
        path,
        pathParameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? ''),
        queryParameters: parameters.filter((each) => each.in === 'query').map(({ name }) => name),
        body: bodyOf(ofJson && resolve(ofJson.schema, schemas), MEMBERS[title]),
        form: ofForm !== undefined || FORMS.some((pattern) => pattern.test(title)),
      };
    }),
  );
}

function bodyOf(schema: Schema | undefined, members: readonly string[] | undefined): Schema | undefined {
  if (!members) return schema;
  const texts = Object.fromEntries(members.map((name): [string, Schema] => [name, { type: 'string' }]));
  const { properties = {}, required = [] } = schema ?? {};
  return {
    type: 'object',
    properties: { ...properties, ...texts },
    required: [...new Set([...required, ...members])],
  };
}

function resolve(schema: Schema, schemas: Readonly<Record<string, Schema>>): Schema {
  const [first] = schema.anyOf ?? schema.allOf ?? [];
  if (first) return resolve(first, schemas);
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return resolve(schemas[name] ?? {}, schemas);
  const { properties, items } = schema;
  return {
    ...schema,
    ...(items ? { items: resolve(items, schemas) } : {}),
    ...(properties
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([key, each]) => [key, resolve(each, schemas)]),
          ),
        }
      : {}),
  };
}

/** What `exampleOf` takes for a text. */
export const EXAMPLE_TEXT = 'QUJD';

/** A body that the schema takes, with what it requires and nothing else. Texts are base64, which some have to be. */
export function exampleOf(schema: Schema): unknown {
  const { enum: values, properties = {}, required = [], minimum = 0, type } = schema;
  if (values) return values[0];
  const first = typeof type === 'string' ? type : type?.[0];
  if (first === 'object') return Object.fromEntries(required.map((name) => [name, exampleOf(properties[name] ?? {})]));
  if (first === 'array') return [];
  if (first === 'integer' || first === 'number') return Math.max(1, minimum);
  if (first === 'boolean') return false;
  return EXAMPLE_TEXT;
}

/** One with everything that may be in it, and lists of one. */
export function wholeExampleOf(schema: Schema): unknown {
  const { properties, items } = schema;
  if (items) return [wholeExampleOf(items)];
  if (!properties) return exampleOf(schema);
  return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, wholeExampleOf(each)]));
}
