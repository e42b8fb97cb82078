import {
  checkValueLength,
  malformed,
  MAX_DEPTH,
  MAX_ELEMENTS,
  MAX_VALUE_LENGTH,
  newElement,
  type Element,
} from './element.js';

/** A place of a list can be written in as many digits, so that no client makes this count further. */
const MAX_PLACE_DIGITS = 6;
/** Characters of a name and its value as they are sent: each character of the value can be an escape of three. */
const MAX_PAIR_LENGTH = 4 * MAX_VALUE_LENGTH;

/**
 * Reads `application/x-www-form-urlencoded` as it comes, without joining the pieces: `Images[0].Name=a`,
 * `Images[0][Name]=a`, `TagIds[]=b`, `TagIds=b&TagIds=c`. Names are kept in lists, never as properties.
 */
export class FormReader {
  private readonly root = newElement('');
  /** By the path of each, so that a thousand of them are not looked through for every name. */
  private readonly known = new Map<string, Element>();
  private rest = '';
  private names = 0;
  /** Whether the pair that is being read has been found to be one whose value may have any length. */
  private restIsLong = false;

  /** @param long names in lower case, of fields whose values may have any length */
  constructor(private readonly long: readonly string[] = []) {}

  /** @param text ASCII, as forms are */
  write(text: string): void {
    // Only what is new is looked through: a picture comes in a hundred pieces.
    const [first = '', ...others] = text.split('&');
    this.rest += first;
    for (const other of others) {
      this.add(this.rest);
      [this.rest, this.restIsLong] = [other, false];
    }
    if (this.restIsLong || this.rest.length <= MAX_PAIR_LENGTH) return;
    // Once for each pair: the text is copied to be searched.
    const name = nameOf(this.rest);
    if (!this.isLong(segmentsOf(name))) checkValueLength(name, this.rest.length);
    this.restIsLong = true;
  }

  /** @throws DomainError INVALID_ARGUMENT */
  end(): Element {
    this.add(this.rest);
    inOrder(this.root);
    return this.root;
  }

  private add(pair: string): void {
    if (pair === '') return;
    if (++this.names > MAX_ELEMENTS) throw malformed(`The body has more than ${MAX_ELEMENTS} names.`);
    const equals = pair.indexOf('=');
    const name = nameOf(pair);
    const segments = segmentsOf(name);
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1));
    if (!this.isLong(segments)) checkValueLength(name, value.length);
    let [parent, path] = [this.root, ''];
    for (const segment of segments.slice(0, -1)) {
      path += `\0${segment}`;
      const known = this.known.get(path);
      const element = known ?? newElement(segment);
      if (!known) {
        this.known.set(path, element);
        parent.children.push(element);
      }
      parent = element;
    }
    // A repeated name is another item of a list. If the element may occur only once, its parser refuses the second one.
    const leaf = newElement(segments.at(-1) ?? '');
    leaf.text = value;
    parent.children.push(leaf);
  }

  private isLong(segments: readonly string[]): boolean {
    return this.long.includes(segments.at(-1) ?? '');
  }
}

function nameOf(pair: string): string {
  const equals = pair.indexOf('=');
  return decode(equals === -1 ? pair : pair.slice(0, equals));
}

function segmentsOf(name: string): string[] {
  const segments = name
    .toLowerCase()
    .split(/[.[]/)
    .map((part) => (part.endsWith(']') ? `#${part.slice(0, -1)}` : part));
  if (segments.length > MAX_DEPTH) throw malformed(`A name is nested more than ${MAX_DEPTH} levels deep.`);
  // `[0]` and `[]` are places of a list, `[Name]` is the same as `.Name`.
  return segments.map((segment) => {
    if (!segment.startsWith('#')) return segment;
    const inner = segment.slice(1);
    if (!/^\d*$/.test(inner)) return inner;
    if (inner.length > MAX_PLACE_DIGITS) throw malformed('A place in a list has too many digits.');
    return segment;
  });
}

/** Places count as they are numbered; those that are left out are closed up. */
function inOrder(element: Element): void {
  if (element.children.some(({ name }) => /^#\d/.test(name)))
    element.children.sort((a, b) => placeOf(a.name) - placeOf(b.name));
  element.children.forEach(inOrder);
}

function placeOf(name: string): number {
  return /^#\d+$/.test(name) ? Number(name.slice(1)) : Infinity;
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch (error) {
    throw malformed('The body holds an escape that is none.', error);
  }
}
