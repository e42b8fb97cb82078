const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/g;
/** What the decoder puts in the place of bytes that are no character. */
const REPLACEMENT = '\ufffd';
const REPLACEMENT_BYTES = 'efbfbd';

/**
 * Reads a query string for all dialects. A name that comes again makes its value a list; `+` is a blank; what is no
 * escape of UTF-8 stands for itself. So the `%` of `match_tags=caf%C3%A9%` need not be written `%25`: clients that
 * build URLs by hand do not do so, and Fastify's own parser gives up on the whole value, the `é` included. Nothing is
 * read twice, so `%2541` is `%41`.
 *
 * @returns an object without a prototype: `__proto__` is a name like any other
 */
export function parseQueryString(text: string): Record<string, string | string[]> {
  const query = Object.create(null) as Record<string, string | string[]>;
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals === -1 ? part : part.slice(0, equals));
    const value = equals === -1 ? '' : decode(part.slice(equals + 1));
    const before = query[name];
    if (before === undefined) query[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else query[name] = [before, value];
  }
  return query;
}

function decode(text: string): string {
  return text.replaceAll('+', ' ').replace(ESCAPES, decodeRun);
}

/** Characters of UTF-8 one after another; bytes that are none stay as they were written. */
function decodeRun(run: string): string {
  const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
  let decoded = '';
  for (let at = 0; at < bytes.length;) {
    const end = at + lengthOf(bytes[at] as number);
    const character = end <= bytes.length ? bytes.toString('utf8', at, end) : REPLACEMENT;
    const valid = !character.includes(REPLACEMENT) || bytes.toString('hex', at, end) === REPLACEMENT_BYTES;
    decoded += valid ? character : run.slice(at * 3, at * 3 + 3);
    at = valid ? end : at + 1;
  }
  return decoded;
}

/** Bytes of a character by its first one. */
function lengthOf(first: number): number {
  if (first < 0x80) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
