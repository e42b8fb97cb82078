import { markdownToHtml, textToHtml } from '@pentaprism/markdown';
import { MAX_DESCRIPTION_CHARACTERS } from './limits.js';

/** Milliseconds that a pass renders. Descriptions after that are shown as they are. */
const RENDERING_MS = 200;

/** The most characters that escaping makes of one: `&amp;`. */
const LONGEST_ESCAPE = 5;

/** Renders the descriptions of a pass. Tags of one run often have the same one, and rendering odd texts takes long. */
export class Descriptions {
  readonly #rendered = new Map<string, string>();
  #spentMs = 0;

  constructor(private readonly budgetMs = RENDERING_MS) {}

  /** Returns a description in Markdown as HTML without active content. */
  render(markdown: string): string {
    const source = markdown.slice(0, MAX_DESCRIPTION_CHARACTERS);
    const known = this.#rendered.get(source);
    if (known !== undefined) return known;
    const html = this.#spentMs < this.budgetMs ? this.#rendering(source) : boundedText(source);
    this.#rendered.set(source, html);
    return html;
  }

  /** A reference in Markdown can be used any number of times, so that a short text becomes long HTML. */
  #rendering(source: string): string {
    const begun = performance.now();
    const html = markdownToHtml(source);
    this.#spentMs += performance.now() - begun;
    return html.length <= MAX_DESCRIPTION_CHARACTERS ? html : boundedText(source);
  }
}

function boundedText(source: string): string {
  const html = textToHtml(source);
  if (html.length <= MAX_DESCRIPTION_CHARACTERS + textToHtml('').length) return html;
  return textToHtml(source.slice(0, MAX_DESCRIPTION_CHARACTERS / LONGEST_ESCAPE));
}
