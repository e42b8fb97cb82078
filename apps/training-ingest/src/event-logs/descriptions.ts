import { markdownToHtml, textToHtml } from '@pentaprism/markdown';
import { MAX_DESCRIPTION_CHARACTERS } from './limits.js';

/** Renders the descriptions of a pass. Tags of one run often have the same one, and rendering odd texts takes long. */
export class Descriptions {
  readonly #rendered = new Map<string, string>();

  /** Returns a description in Markdown as HTML without active content. */
  render(markdown: string): string {
    const source = markdown.slice(0, MAX_DESCRIPTION_CHARACTERS);
    const known = this.#rendered.get(source);
    if (known !== undefined) return known;
    const html = rendered(source);
    this.#rendered.set(source, html);
    return html;
  }
}

/** A reference in Markdown can be used any number of times, so that a short text becomes long HTML. */
function rendered(source: string): string {
  const html = markdownToHtml(source);
  return html.length <= MAX_DESCRIPTION_CHARACTERS ? html : textToHtml(source);
}
