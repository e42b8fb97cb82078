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
