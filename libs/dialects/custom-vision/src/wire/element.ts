import { DomainError } from '@pentaprism/domain';
import { z } from 'zod';
import { refusal } from './codes.js';

/** A part of a body that has no types of its own: an element of XML, or one of the names of a form. */
export interface Element {
  /** In lower case, without a namespace. */
  readonly name: string;
  text: string;
  isNull: boolean;
  readonly children: Element[];
}

/** Elements, or names of a form, of one body. */
export const MAX_ELEMENTS = 10_000;
/**
 * Attributes of an XML body, declarations of namespaces included. 1 MB of them took 0.2 s to parse; clients write a few
 * per element.
 */
export const MAX_ATTRIBUTES = 10_000;
/** Attributes of one element. */
export const MAX_ELEMENT_ATTRIBUTES = 32;
/** Elements inside one another. */
export const MAX_DEPTH = 32;

/**
 * Characters of one value of an XML body or a form: of an element, an attribute or a field. Pictures are bounded by the body.
 * The longest values that clients send are addresses and descriptions.
 */
export const MAX_VALUE_LENGTH = 64 * 1024;

/** @throws DomainError PAYLOAD_TOO_LARGE */
export function checkValueLength(name: string, length: number): void {
  if (length <= MAX_VALUE_LENGTH) return;
  const message = `The value of ${name.slice(0, 100)} has more than ${MAX_VALUE_LENGTH} characters.`;
  throw new DomainError('PAYLOAD_TOO_LARGE', message, { limit: MAX_VALUE_LENGTH });
}

export function newElement(name: string): Element {
  return { name, text: '', isNull: false, children: [] };
}

export function malformed(message: string, cause?: unknown): DomainError {
  return new DomainError('INVALID_ARGUMENT', message, {}, { cause });
}

/** A schema without what may be left out around it. */
export function bareSchema(schema: z.core.$ZodType): z.core.$ZodType {
  const { def } = schema._zod;
  if (['optional', 'nullable', 'default', 'prefault'].includes(def.type))
    return bareSchema((def as z.core.$ZodOptionalDef).innerType);
  return def.type === 'pipe' ? bareSchema((def as z.core.$ZodPipeDef).in) : schema;
}

/**
 * A value for the schema to parse: lists wrapped (`<TagIds><guid>…</guid></TagIds>`, whatever the items are called) or
 * repeated (`<TagIds>…</TagIds><TagIds>…</TagIds>`), numbers and booleans by what the schema expects.
 */
export function fromElement(element: Element, schema: z.core.$ZodType): unknown {
  if (element.isNull) return null;
  const { def } = bareSchema(schema)._zod;
  if (def.type === 'object') return fromChildren(element, (def as z.core.$ZodObjectDef).shape);
  if (def.type === 'array') return fromList([element], (def as z.core.$ZodArrayDef).element);
  const text = element.text;
  if (def.type === 'number' && /^[+-]?\d{1,15}(?:\.\d{1,20})?(?:e[+-]?\d{1,3})?$/i.test(text.trim()))
    return Number(text);
  if (def.type === 'boolean' && /^(?:true|false|1|0)$/i.test(text.trim())) return /^(?:true|1)$/i.test(text.trim());
  // Names are in lower case by now, and not every key can be one.
  if (def.type === 'record' && element.children.length > 0)
    throw refusal('BadRequestOperationNotSupported', `Send ${element.name} as JSON.`);
  if (def.type === 'record') return {};
  return text;
}

function fromChildren(element: Element, shape: z.core.$ZodShape): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const found = element.children.filter((child) => child.name === name.toLowerCase());
    const [first] = found;
    if (!first) continue;
    const { def } = bareSchema(schema)._zod;
    if (def.type === 'array') value[name] = fromList(found, (def as z.core.$ZodArrayDef).element);
    else if (found.length > 1) throw malformed(`${name} is there more than once.`);
    else value[name] = fromElement(first, schema);
  }
  return value;
}

function fromList(elements: readonly Element[], item: z.core.$ZodType): unknown[] {
  return elements.flatMap((element) => {
    if (element.isNull) return [];
    const items = isItem(element, item) ? [element] : element.children;
    return items.filter(({ isNull }) => !isNull).map((each) => fromElement(each, item));
  });
}

/** Whether it is an item of a list itself, rather than what is around the items. */
function isItem({ children, text }: Element, item: z.core.$ZodType): boolean {
  if (children.length === 0) return text.trim() !== '';
  const { def } = bareSchema(item)._zod;
  if (def.type !== 'object') return false;
  const names = Object.keys((def as z.core.$ZodObjectDef).shape).map((name) => name.toLowerCase());
  return children.some(({ name }) => names.includes(name));
}

/** A value of JSON with the names of the schema, whatever their case was; names that it does not know are left out. */
export function fromJson(value: unknown, schema: z.core.$ZodType): unknown {
  const { def } = bareSchema(schema)._zod;
  if (Array.isArray(value) && def.type === 'array')
    return value.map((item) => fromJson(item, (def as z.core.$ZodArrayDef).element));
  if (typeof value !== 'object' || value === null || Array.isArray(value) || def.type !== 'object') return value;
  const given = new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member as unknown]));
  const read: Record<string, unknown> = {};
  for (const [name, member] of Object.entries((def as z.core.$ZodObjectDef).shape)) {
    const found = given.get(name.toLowerCase());
    if (found !== undefined) read[name] = fromJson(found, member);
  }
  return read;
}
