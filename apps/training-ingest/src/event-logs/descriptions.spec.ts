import { describe, expect, it } from '@jest/globals';
import { Descriptions } from './descriptions.js';
import { MAX_DESCRIPTION_CHARACTERS } from './limits.js';

describe('Descriptions', () => {
  const descriptions = new Descriptions();

  it('renders Markdown, and nothing for an empty description', () => {
    expect(descriptions.render('*a*')).toBe('<p><em>a</em></p>');
    expect(descriptions.render('*a*')).toBe('<p><em>a</em></p>');
    expect(descriptions.render('')).toBe('');
  });

  it('shows a description as text that would become very long HTML', () => {
    const address = `http://example.org/${'x'.repeat(1000)}`;
    const html = descriptions.render(`${'[a] '.repeat(500)}\n\n[a]: ${address}`);
    expect(html).toMatch(/^<p>\[a\] \[a\]/);
    expect(html.length).toBeLessThan(4000);
  });

  it('cuts a description that is longer than any text should be', () => {
    expect(descriptions.render('x'.repeat(10 * MAX_DESCRIPTION_CHARACTERS))).toHaveLength(
      MAX_DESCRIPTION_CHARACTERS + '<p></p>'.length,
    );
    expect(descriptions.render('&'.repeat(MAX_DESCRIPTION_CHARACTERS))).toHaveLength(
      MAX_DESCRIPTION_CHARACTERS + '<p></p>'.length,
    );
  });

  it('shows descriptions as text when the time for rendering is spent', () => {
    const none = new Descriptions(0);
    expect(none.render('*a*')).toBe('<p>*a*</p>');
  });
});
