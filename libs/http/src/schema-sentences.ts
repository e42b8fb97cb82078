import { z } from 'zod';

type Issue = Parameters<NonNullable<ReturnType<typeof z.config>['customError']>>[0];

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  nan: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  date: 'a date',
};
/** What a size counts, by the origin of an issue. */
const UNITS: Readonly<Record<string, string>> = { string: 'characters', array: 'entries', set: 'entries' };
/** Values that a message names. */
const NAMED_VALUES = 20;

/** Makes schemas say what is wrong in plain words. Messages that a schema has of its own stay. For the whole process. */
export function sayPlainly(): void {
  z.config({ customError: sentenceOf });
}

/** Returns what is wrong with a value, to be read after the name of its field. Undefined where the validator's text does. */
function sentenceOf(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${NAMES[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return unionOf(issue);
    case 'too_small':
      return tooSmall(issue.origin, Number(issue.minimum), issue.inclusive !== false);
    case 'too_big':
      return tooBig(issue.origin, Number(issue.maximum), issue.inclusive !== false);
    case 'invalid_format':
      return issue.format === 'regex' ? 'has the wrong format' : `is not a valid ${issue.format}`;
    case 'unrecognized_keys':
      return `has members that do not exist: ${issue.keys.join(', ')}`;
    case 'custom':
      return 'is not valid';
    default:
      return undefined;
  }
}

function oneOf(values: readonly unknown[]): string {
  const named = values.slice(0, NAMED_VALUES).map(String).join(', ');
  return values.length === 1 ? `must be ${named}` : `must be one of: ${named}`;
}

/** Says which values there are if each member of the union is a list of values. */
function unionOf({ errors }: Extract<Issue, { code: 'invalid_union' }>): string {
  const values = errors.flatMap(([first]) => (first?.code === 'invalid_value' ? first.values : []));
  if (errors.every(([first]) => first?.code === 'invalid_value')) return oneOf(values);
  const types = errors.flatMap(([first]) => (first?.code === 'invalid_type' ? (NAMES[first.expected] ?? []) : []));
  return types.length === errors.length ? `must be ${[...new Set(types)].join(' or ')}` : 'is not valid';
}

function tooSmall(origin: string, minimum: number, inclusive: boolean): string {
  const unit = UNITS[origin];
  if (unit === undefined) return inclusive ? `must be at least ${minimum}` : `must be greater than ${minimum}`;
  return minimum === 1 ? 'must not be empty' : `must have at least ${minimum} ${unit}`;
}

function tooBig(origin: string, maximum: number, inclusive: boolean): string {
  const unit = UNITS[origin];
  if (unit === undefined) return inclusive ? `must be at most ${maximum}` : `must be less than ${maximum}`;
  return `must have at most ${maximum} ${unit}`;
}
