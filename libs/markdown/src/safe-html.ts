import { parseFragment, type DefaultTreeAdapterTypes } from 'parse5';

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

const ALLOWED = new Set(
  'ul ol li p pre code blockquote h1 h2 h3 h4 h5 h6 hr br strong em a img table thead tbody td tr th'.split(' '),
);
const ALLOWED_ATTRIBUTES = new Map([
  ['a', ['href', 'title']],
  ['img', ['src', 'title', 'alt']],
]);
const ADDRESSES = new Set(['href', 'src']);
const ALLOWED_SCHEMES = new Set(['http', 'https', 'mailto']);
const VOID = new Set(['br', 'hr', 'img']);

/**
 * Returns HTML of the elements, attributes and schemes that TensorBoard allows (`tensorboard/plugin_util.py` of 2.21).
 *
 * The tags of all other elements are shown as text, comments are removed, and what is not closed is closed.
 */
export function safeHtml(html: string): string {
  // Without scripting the content of `noscript` is elements, as for the sanitizer of TensorBoard.
  const fragment = parseFragment(html, { sourceCodeLocationInfo: true, scriptingEnabled: false });
  return fragment.childNodes.map((node) => written(node, html)).join('');
}

function written(node: Node, source: string): string {
  if ('value' in node) return escaped(node.value);
  if (!('tagName' in node)) return '';
  // Content of a template is not among its children.
  const children = 'content' in node ? node.content.childNodes : node.childNodes;
  const content = children.map((child) => written(child, source)).join('');
  if (!ALLOWED.has(node.tagName)) {
    const { startTag, endTag } = node.sourceCodeLocation ?? {};
    return piece(source, startTag) + content + piece(source, endTag);
  }
  const start = `<${node.tagName}${attributesOf(node)}>`;
  return VOID.has(node.tagName) ? start : `${start}${content}</${node.tagName}>`;
}

function piece(source: string, location: { startOffset: number; endOffset: number } | undefined): string {
  return location === undefined ? '' : escaped(source.slice(location.startOffset, location.endOffset));
}

function attributesOf({ tagName, attrs }: Element): string {
  const allowed = ALLOWED_ATTRIBUTES.get(tagName) ?? [];
  return attrs
    .filter(({ name, value }) => allowed.includes(name) && (!ADDRESSES.has(name) || isSafeAddress(value)))
    .map(({ name, value }) => ` ${name}="${escaped(value).replaceAll('"', '&quot;')}"`)
    .join('');
}

/** Browsers ignore white space and control characters within a scheme. */
function isSafeAddress(address: string): boolean {
  // eslint-disable-next-line no-control-regex
  const compact = address.replace(/[\u0000-\u0020\u007f-\u00a0\s]/g, '');
  const [, scheme] = /^([^/?#:]*):/.exec(compact) ?? [];
  return scheme === undefined || ALLOWED_SCHEMES.has(scheme.toLowerCase());
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
