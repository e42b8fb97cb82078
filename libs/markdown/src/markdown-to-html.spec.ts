import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseFragment, type DefaultTreeAdapterTypes } from 'parse5';
import { MAX_MARKDOWN_CHARACTERS, markdownToHtml } from './markdown-to-html.js';

type Node = DefaultTreeAdapterTypes.ChildNode;

/** Recorded from TensorBoard 2.21's `plugin_util.markdown_to_safe_html`. */
const vectors = JSON.parse(readFileSync(new URL('markdown.vectors.json', import.meta.url), 'utf8')) as {
  markdown: string;
  html: string;
}[];

/** Named in http_api.md as differences. */
const DIFFERENT = new Set([
  '*em* **strong** ***both*** _em_ __strong__',
  '* a\n* b\n\n  second para of b\n* c',
  '<noscript><p title="</noscript><img src=x onerror=1>"></noscript>',
]);

const INLINE = new Set(['a', 'code', 'em', 'img', 'strong']);

/** Returns HTML without what a page does not show: white space beside blocks, the order of attributes, ways to write a character. */
function shown(html: string, paragraphs: boolean): string {
  const write = (node: Node, inPre: boolean): string => {
    if ('value' in node) return inPre ? node.value.trimEnd() : node.value.replace(/\s+/g, ' ');
    if (!('tagName' in node)) return '';
    const content = node.childNodes.map((child) => write(child, inPre || node.tagName === 'pre')).join('');
    if (node.tagName === 'p' && !paragraphs) return `|${content}|`;
    const attributes = node.attrs.map(({ name, value }) => `${name}=${value}`).sort();
    const edge = INLINE.has(node.tagName) ? '' : '|';
    return `${edge}<${[node.tagName, ...attributes].join(' ')}>${edge}${content}${edge}</${node.tagName}>${edge}`;
  };
  const text = parseFragment(html)
    .childNodes.map((node) => write(node, false))
    .join('');
  return text.replace(/(\s*\|\s*)+/g, paragraphs ? '|' : ' ').trim();
}

describe('markdownToHtml', () => {
  const same = vectors.filter(({ markdown }) => !DIFFERENT.has(markdown));

  it.each(same)('shows it as TensorBoard does: $markdown', ({ markdown, html }) => {
    // With raw HTML in the text, both differ in the paragraphs around it.
    const paragraphs = !html.includes('&lt;');
    expect(shown(markdownToHtml(markdown), paragraphs)).toBe(shown(html, paragraphs));
  });

  it('is checked with at least 82 of the 85 vectors', () => {
    expect([same.length, vectors.length]).toEqual([82, 85]);
  });

  it('shows a text above the limit as it is', () => {
    const text = `${'*a* '.repeat(MAX_MARKDOWN_CHARACTERS / 4)}<b>`;
    expect(markdownToHtml(text)).toBe(`<p>${text.replace('<b>', '&lt;b&gt;')}</p>`);
  });

  it.each([
    ['java\tscript:alert(1)', undefined],
    ['\u0001javascript:alert(1)', undefined],
    ['JAVASCRIPT&colon;alert(1)', undefined],
    ['vbscript:x', undefined],
    ['HTTPS://example.com', 'HTTPS://example.com'],
    ['a/b:c', 'a/b:c'],
  ])('gives a link to %j the address %j', (address, expected) => {
    expect(markdownToHtml(`<a href="${address}">x</a>`)).toBe(
      expected === undefined ? '<p><a>x</a></p>' : `<p><a href="${expected}">x</a></p>`,
    );
  });

  it('never writes an element, an attribute or a scheme that is not allowed', () => {
    const parts = fc.constantFrom(
      ...[
        '<',
        '>',
        '"',
        "'",
        '&',
        '*',
        '[x](',
        ')',
        '\n',
        '    ',
        '`',
        '|',
        '<a href=',
        'javascript:',
        '<svg>',
        '<math>',
      ],
      ...['<style>', '<img src=x onerror=y>', '<!--', '-->', '</p>', '<template>', '<noscript>', '<table><td>', 'b'],
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 25 }), (source) => {
        const html = markdownToHtml(source.join(''));
        const check = (node: Node): void => {
          if (!('tagName' in node)) return;
          expect(['svg', 'math', 'style', 'template', 'noscript', 'b']).not.toContain(node.tagName);
          for (const { name, value } of node.attrs) {
            expect(['href', 'src', 'title', 'alt']).toContain(name);
            expect(value.trim().toLowerCase()).not.toMatch(/^javascript:/);
          }
          node.childNodes.forEach(check);
        };
        parseFragment(html).childNodes.forEach(check);
      }),
      { numRuns: 500 },
    );
  });
});
