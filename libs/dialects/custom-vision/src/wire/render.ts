import { z } from 'zod';
import { bareSchema } from './element.js';
import { isXml, type AnswerType } from './negotiation.js';
import { inVersion, LATEST, type Version } from './versions.js';

/**
 * Declares a model of the wire: its members in the case of the wire, `title` the name that XML calls it by.
 *
 * @param generation tells models apart in the OpenAPI document that both generations have
 */
export function model<Shape extends z.core.$ZodLooseShape>(generation: 'V1' | 'V3', name: string, shape: Shape) {
  return z.object(shape).meta({ id: `${name}${generation}`, title: name });
}

interface Written {
  readonly schema: z.ZodType;
  readonly type: AnswerType;
  readonly version: Version;
  readonly text: string;
}

/** Texts of lists that are kept, such as pages of images, for as long as the lists are. */
const written = new WeakMap<object, Written>();

/**
 * Writes what a handler answers with as the client wants it, with the members that the version has. Lists are not changed
 * once they were answered with.
 */
export function render(value: unknown, schema: z.ZodType, type: AnswerType, version = LATEST): string {
  const known = Array.isArray(value) ? written.get(value) : undefined;
  if (known?.schema === schema && known.type === type && known.version === version) return known.text;
  const shown = inVersion(value, schema, version);
  const text = isXml(type) ? toXml(shown, schema) : JSON.stringify(shown);
  if (Array.isArray(value)) written.set(value, { schema, type, version, text });
  return text;
}

/**
 * XML without a namespace: the root is called as the model, a list `ArrayOf…`; inner lists are around elements that are
 * called as their models. What is null is left out.
 *
 * Written as text: a page of 256 images took xmlbuilder2 100 ms, in which no other request is answered, and takes 3 ms this way.
 */
export function toXml(value: unknown, schema: z.core.$ZodType): string {
  return `<?xml version="1.0" encoding="utf-8"?>${elementOf(nameOf(schema), value, schema)}`;
}

function elementOf(name: string, value: unknown, schema: z.core.$ZodType): string {
  if (value === null || value === undefined) return '';
  const content = contentOf(value, schema);
  return content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`;
}

function contentOf(value: unknown, schema: z.core.$ZodType): string {
  const { def } = bareSchema(schema)._zod;
  if (def.type === 'array') {
    const { element } = def as z.core.$ZodArrayDef;
    const name = nameOf(element);
    return (value as readonly unknown[]).map((item) => elementOf(name, item, element)).join('');
  }
  if (def.type === 'object') {
    const members = Object.entries((def as z.core.$ZodObjectDef).shape);
    return members.map(([key, member]) => elementOf(key, (value as Record<string, unknown>)[key], member)).join('');
  }
  // No model has anything in one.
  return def.type === 'record' ? '' : escapeText(String(value));
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
// eslint-disable-next-line no-control-regex -- these are what no XML can hold
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** What no XML can hold, such as a control character in a tag's name, is shown as what cannot be shown. */
function escapeText(text: string): string {
  // Readers make line feeds of carriage returns, unless they are written as numbers.
  return text
    .toWellFormed()
    .replace(/[&<>]/g, (character) => ESCAPES[character] ?? '')
    .replace(IMPOSSIBLE, '\ufffd')
    .replaceAll('\r', '&#13;');
}

/** Of models by their title, of lists by what they hold, of other things as .NET calls them. */
function nameOf(schema: z.core.$ZodType): string {
  const bare = bareSchema(schema) as z.ZodType;
  const { def } = bare._zod;
  if (def.type === 'array') return `ArrayOf${capital(nameOf((def as unknown as z.core.$ZodArrayDef).element))}`;
  if (def.type === 'number') return 'int';
  if (def.type === 'boolean') return 'boolean';
  return z.globalRegistry.get(bare)?.title ?? 'string';
}

function capital(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
