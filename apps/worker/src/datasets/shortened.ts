import { MAX_FINDING_LENGTH, MAX_IMAGE_LABEL_LENGTH, type Finding } from '@pentaprism/contracts';

/** Returns a finding whose texts are cut to the limits of its contract. Names in archives may be longer. */
export function shortened(finding: Finding): Finding {
  const { file, message } = finding;
  return { ...finding, file: file && cut(file, MAX_IMAGE_LABEL_LENGTH), message: cut(message, MAX_FINDING_LENGTH) };
}

/** Control characters take six bytes each in a message, and could break a line of a log. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

/** Returns the text without control characters, or its first characters and an ellipsis, at most `length` characters in all. */
export function cut(text: string, length: number): string {
  const clean = text.replace(CONTROLS, ' ').toWellFormed();
  return clean.length <= length ? clean : `${clean.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
