import type { MarkdownIt, StateBlock } from 'markdown-it';

type Rule = (state: StateBlock, line: number, end: number, silent: boolean) => boolean;

/** Elements that begin a block of HTML in python-markdown and in CommonMark alike. All others begin a paragraph. */
const BLOCK_ELEMENTS = new Set(
  (
    'address article aside base basefont blockquote body caption center col colgroup dd details dialog dir div dl dt ' +
    'fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe legend li link main ' +
    'menu menuitem nav noframes noscript ol optgroup option p param pre script search section style summary table tbody td ' +
    'textarea tfoot th thead title tr track ul math object'
  ).split(' '),
);

/** Makes the blocks of CommonMark begin and end where those of python-markdown do. */
export function followPython(markdown: MarkdownIt): void {
  // A list needs a blank line before it, unless it lies in another list. `1)` begins none.
  wrap(markdown, 'list', (list) => (state, line, end, silent) => {
    if (silent && state.listIndent < 0) return false;
    return !/^\d+\)/.test(lineOf(state, line)) && list(state, line, end, silent);
  });
  wrap(markdown, 'html_block', (block) => (state, line, end, silent) => {
    return beginsBlock(lineOf(state, line)) && block(state, line, end, silent);
  });
  wrap(markdown, 'heading', () => heading);
}

function wrap(markdown: MarkdownIt, name: string, wrapper: (rule: Rule) => Rule): void {
  const { ruler } = markdown.block;
  const found = ruler.__rules__.find((rule) => rule.name === name);
  if (found === undefined) throw new Error(`markdown-it has no rule ${name}.`);
  ruler.at(name, wrapper(found.fn), { alt: found.alt });
}

function lineOf(state: StateBlock, line: number): string {
  return state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]);
}

function beginsBlock(line: string): boolean {
  // Text after a comment is a paragraph of its own.
  if (line.startsWith('<!--')) return /-->\s*$/.test(line) || !line.includes('-->');
  const name = /^<\/?([a-z][a-z0-9]*)/i.exec(line)?.[1];
  return name === undefined || BLOCK_ELEMENTS.has(name.toLowerCase());
}

/** One to six `#`, also without a space behind them. More are a part of the text. */
function heading(state: StateBlock, line: number, _end: number, silent: boolean): boolean {
  if ((state.sCount[line] ?? 0) - state.blkIndent >= 4) return false;
  const [, marks = '', text = ''] = /^(#{1,6})(.*?)#*\s*$/.exec(lineOf(state, line)) ?? [];
  if (marks === '' || text.trim() === '') return false;
  if (silent) return true;
  const tag = `h${String(marks.length)}`;
  state.line = line + 1;
  state.push('heading_open', tag, 1).map = [line, state.line];
  const inline = state.push('inline', '', 0);
  Object.assign(inline, { content: text.trim(), map: [line, state.line], children: [] });
  state.push('heading_close', tag, -1);
  return true;
}
