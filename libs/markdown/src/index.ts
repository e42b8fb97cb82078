export { MAX_MARKDOWN_CHARACTERS, markdownToHtml, textToHtml } from './markdown-to-html.js';
