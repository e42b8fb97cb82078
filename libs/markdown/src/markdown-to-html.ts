import MarkdownIt from 'markdown-it';
import { followPython } from './block-rules.js';
import { escaped, safeHtml } from './safe-html.js';

/** Longer texts are shown as they are. Rendering takes time that grows with the square of the length of odd texts. */
export const MAX_MARKDOWN_CHARACTERS = 4000;

const markdown = new MarkdownIt({ html: true }).disable('strikethrough');
// Addresses are checked where the HTML is made safe, with those of raw HTML.
markdown.validateLink = () => true;
followPython(markdown);

/**
 * Returns Markdown as HTML that holds no active content, as TensorBoard 2.21 shows it: python-markdown with tables and fenced
 * code, then a sanitizer that shows what is not allowed as text.
 */
export function markdownToHtml(source: string): string {
  const text = source.replaceAll('\0', '');
  if (text.length > MAX_MARKDOWN_CHARACTERS) return textToHtml(text);
  return safeHtml(markdown.render(text).trim());
}

/** Returns a text as HTML that shows it as it is. */
export function textToHtml(source: string): string {
  return `<p>${escaped(source.replaceAll('\0', ''))}</p>`;
}
