export { MAX_MARKDOWN_CHARACTERS, markdownToHtml } from './markdown-to-html.js';
