import { MAX_FINDING_LENGTH, MAX_IMAGE_LABEL_LENGTH, type Finding } from '@pentaprism/contracts';

/** Returns a finding whose texts are as short as its contract asks. Names in archives may be longer. */
export function shortened(finding: Finding): Finding {
  const { file, message } = finding;
  return { ...finding, file: file && cut(file, MAX_IMAGE_LABEL_LENGTH), message: cut(message, MAX_FINDING_LENGTH) };
}

/** Returns the text, or its first characters and an ellipsis, at most `length` characters in all. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  // Never half of a surrogate pair, which is not valid UTF-8.
  return `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
