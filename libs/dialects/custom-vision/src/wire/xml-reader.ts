import { SaxesParser } from 'saxes';
import {
  checkValueLength,
  malformed,
  MAX_ATTRIBUTES,
  MAX_DEPTH,
  MAX_ELEMENT_ATTRIBUTES,
  MAX_ELEMENTS,
  newElement,
  type Element,
} from './element.js';

/**
 * Reads XML as it comes. Namespaces mean nothing. A DOCTYPE is refused, and with it every entity but the five of XML:
 * nothing can be fetched, and nothing can grow.
 */
export class XmlReader {
  private readonly parser = new SaxesParser({ xmlns: false, fragment: false });
  private readonly open: Element[] = [];
  private root: Element | undefined;
  private elements = 0;
  private attributes = 0;
  private ofElement = 0;

  /** @param long names in lower case, of elements whose text may have any length */
  constructor(private readonly long: readonly string[] = []) {
    const { parser } = this;
    parser.on('error', (error) => {
      throw malformed('The body is not valid XML.', error);
    });
    parser.on('doctype', () => {
      throw malformed('The body has a DOCTYPE, which is not taken.');
    });
    parser.on('opentagstart', () => (this.ofElement = 0));
    // Not when the element is complete: it would have been parsed by then.
    parser.on('attribute', ({ name, value }) => {
      this.countAttribute();
      checkValueLength(name, value.length);
    });
    parser.on('opentag', ({ name, attributes }) => this.begin(name, attributes));
    parser.on('closetag', () => this.open.pop());
    parser.on('text', (text) => this.add(text));
    parser.on('cdata', (text) => this.add(text));
  }

  /** @throws DomainError INVALID_ARGUMENT */
  write(text: string): void {
    this.parser.write(text);
  }

  /** @returns the outermost element. @throws DomainError INVALID_ARGUMENT */
  end(): Element {
    this.parser.close();
    if (!this.root) throw malformed('The body holds no element.');
    return this.root;
  }

  private countAttribute(): void {
    if (++this.attributes > MAX_ATTRIBUTES) throw malformed(`The body has more than ${MAX_ATTRIBUTES} attributes.`);
    if (++this.ofElement > MAX_ELEMENT_ATTRIBUTES)
      throw malformed(`An element has more than ${MAX_ELEMENT_ATTRIBUTES} attributes.`);
  }

  private begin(name: string, attributes: Readonly<Record<string, string>>): void {
    if (++this.elements > MAX_ELEMENTS) throw malformed(`The body has more than ${MAX_ELEMENTS} elements.`);
    if (this.open.length >= MAX_DEPTH) throw malformed(`The body is nested more than ${MAX_DEPTH} levels deep.`);
    const element = newElement(localName(name));
    element.isNull = Object.entries(attributes).some(([key, value]) => localName(key) === 'nil' && isTrue(value));
    const parent = this.open.at(-1);
    if (parent) parent.children.push(element);
    else this.root = element;
    this.open.push(element);
  }

  private add(text: string): void {
    const element = this.open.at(-1);
    if (!element) return;
    if (!this.long.includes(element.name)) checkValueLength(element.name, element.text.length + text.length);
    element.text += text;
  }
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1).toLowerCase();
}

function isTrue(text: string): boolean {
  return text === 'true' || text === '1';
}
