/** Control characters, and two more that XML cannot contain. */
const UNWRITABLE = /[\p{Cc}\ufffe\uffff]/u;

/** Returns whether a name can be written in XML and in headers, so that every API shows the same one. */
export function isWritable(name: string): boolean {
  return !UNWRITABLE.test(name);
}
