/**
 * The bytes that base64 with padding stands for, in the standard alphabet; null for anything else.
 *
 * Node's decoder skips what is no base64, so that the number of bytes tells whether there was any. A regular expression
 * over megabytes of text takes longer than the decoding itself.
 */
export function decodeBase64(text: string): Buffer | null {
  // The decoder also reads the alphabet for URLs.
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return null;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : null;
}

/** Why a text is not base64. */
export class Base64Error extends Error {
  constructor(readonly reason: 'alphabet' | 'spaces') {
    super(
      reason === 'spaces'
        ? 'must be base64 without spaces: the plus signs may have become spaces; in a form, send each as %2B'
        : 'must be base64',
    );
  }
}

/**
 * Returns the bytes of base64 with padding. Tabs and line breaks in it are ignored, and so are spaces that indent it in
 * an XML document. Any other space stands where a decoder of forms has replaced a plus sign, and what is left can be
 * base64 of other bytes by accident.
 *
 * @throws Base64Error
 */
export function readBase64(text: string): Buffer {
  const bytes = decodeBase64(text) ?? decodeBase64(withoutBreaks(text));
  if (!bytes) throw new Base64Error('alphabet');
  return bytes;
}

function withoutBreaks(text: string): string {
  const bare = withoutIndent(text).replace(/[\t\r\n]+/g, '');
  if (bare.includes(' ')) throw new Base64Error('spaces');
  return bare;
}

/**
 * Removes white space at the beginning if it has a line break in it, and at the end from its first line break on.
 * One regular expression for both takes quadratic time on long runs of line breaks and spaces.
 */
function withoutIndent(text: string): string {
  const start = text.length - text.trimStart().length;
  const from = /[\r\n]/.test(text.slice(0, start)) ? start : 0;
  const end = text.trimEnd().length;
  const lineBreak = text.slice(end).search(/[\r\n]/);
  return text.slice(from, lineBreak === -1 ? text.length : end + lineBreak);
}
