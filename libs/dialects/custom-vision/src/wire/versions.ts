import { z } from 'zod';
import { bareSchema } from './element.js';

/** Versions of the Training API that write names in camel case, oldest first. */
export const VERSIONS = ['2.0', '2.1', '2.2', '3.0', '3.1', '3.2', '3.3', '3.4'] as const;
export type Version = (typeof VERSIONS)[number];
export const LATEST: Version = '3.4';

/** Keys of a member's metadata, which the OpenAPI document shows as well. */
const SINCE = 'x-since';
const UNTIL = 'x-until';

/** Declares a member that models have from a version on. */
export function since<Schema extends z.ZodType>(version: Version, schema: Schema): Schema {
  return schema.meta({ [SINCE]: version });
}

/** Declares a member that models have up to a version, which is included. */
export function until<Schema extends z.ZodType>(version: Version, schema: Schema) {
  return schema.optional().meta({ [UNTIL]: version });
}

/** Tells whether a version is the given one or a later one. */
export function isAtLeast(version: Version, first: Version): boolean {
  return VERSIONS.indexOf(version) >= VERSIONS.indexOf(first);
}

interface Member {
  readonly name: string;
  readonly schema: z.core.$ZodType;
  readonly since: Version | undefined;
  readonly until: Version | undefined;
}

const members = new WeakMap<z.core.$ZodType, readonly Member[]>();

/**
 * Returns a copy of an answer with the members that its model has in a version, in the order of the model. Members whose
 * value is undefined stay absent.
 */
export function inVersion(value: unknown, schema: z.core.$ZodType, version: Version): unknown {
  if (value === null || value === undefined) return value;
  const bare = bareSchema(schema);
  const { def } = bare._zod;
  if (def.type === 'array') {
    const { element } = def as z.core.$ZodArrayDef;
    return (value as readonly unknown[]).map((item) => inVersion(item, element, version));
  }
  if (def.type !== 'object') return value;
  const shown: Record<string, unknown> = {};
  for (const member of membersOf(bare)) {
    const given = (value as Record<string, unknown>)[member.name];
    if (given !== undefined && isIn(member, version)) shown[member.name] = inVersion(given, member.schema, version);
  }
  return shown;
}

function isIn({ since: first, until: last }: Member, version: Version): boolean {
  return (first === undefined || isAtLeast(version, first)) && (last === undefined || isAtLeast(last, version));
}

function membersOf(schema: z.core.$ZodType): readonly Member[] {
  const known = members.get(schema);
  if (known) return known;
  const found = Object.entries((schema._zod.def as z.core.$ZodObjectDef).shape).map(([name, member]): Member => {
    const meta = z.globalRegistry.get(member as z.ZodType) as Record<string, Version | undefined> | undefined;
    return { name, schema: member, since: meta?.[SINCE], until: meta?.[UNTIL] };
  });
  members.set(schema, found);
  return found;
}
