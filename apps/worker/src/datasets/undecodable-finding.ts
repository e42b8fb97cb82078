import type { Finding } from '@pentaprism/contracts';
import type { FindingKind } from '@pentaprism/domain';

/** Kinds of findings by the reasons that decoders give. */
const KINDS: Readonly<Record<string, FindingKind>> = {
  empty: 'empty-file',
  too_large: 'too-large',
  too_many_pixels: 'too-large',
  too_slow: 'too-large',
  too_much_memory: 'too-large',
  unknown_format: 'not-an-image',
  unsupported: 'unreadable',
  damaged: 'unreadable',
  cut_off: 'cut-off',
};

/** Returns the finding for an image that cannot be decoded, without its place. */
export function findingOfUndecodable(reason: string, code: unknown): Pick<Finding, 'kind' | 'message'> {
  const kind = (typeof code === 'string' ? KINDS[code] : undefined) ?? 'unreadable';
  return { kind, message: asClause(reason) };
}

/** Messages of the log follow a colon: "It has 12 pages." becomes "it has 12 pages". */
function asClause(sentence: string): string {
  const clause = sentence.replace(/\.$/, '');
  return clause.charAt(0).toLowerCase() + clause.slice(1);
}
