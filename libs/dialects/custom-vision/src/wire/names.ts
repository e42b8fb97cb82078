import { isWritable } from '@pentaprism/domain';

/** Characters of a project's name that a client sends. Names from other APIs may be longer. */
export const MAX_PROJECT_NAME_LENGTH = 128;

/** Whether something can be called so: not blank, not too long, and the same in JSON, XML and forms. */
export function isName(text: string, maxLength: number): boolean {
  return text.trim() !== '' && text.length <= maxLength && isWritable(text);
}

/** What a name has to be, for messages. @param what with its article */
export function nameRule(what: string, maxLength: number): string {
  return `${what} has 1 to ${maxLength} characters, and no control characters.`;
}
