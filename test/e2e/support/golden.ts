import { expect } from '@jest/globals';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Answer } from './http.js';

/** With `UPDATE_GOLDEN=1`, what the system answers is written down instead of compared: look at the difference then. */
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';

/** A folder of exchanges as they have to be, below `test/e2e/golden`. */
export class GoldenFolder {
  private readonly folder: string;
  private readonly compared = new Set<string>();

  constructor(name: string) {
    this.folder = path.resolve('test/e2e/golden', name);
  }

  /** @param text ends without a line feed */
  compare(name: string, text: string): void {
    this.compared.add(name);
    const file = path.join(this.folder, name);
    if (UPDATE) {
      mkdirSync(this.folder, { recursive: true });
      writeFileSync(file, `${text}\n`);
    }
    expect(text).toBe(existsSync(file) ? readFileSync(file, 'utf8').replace(/\n$/, '') : `no ${file}`);
  }

  /** Names of files that nothing was compared with. */
  unused(): string[] {
    return readdirSync(this.folder).filter((name) => !this.compared.has(name));
  }
}

/** What is sent, as it is shown. */
export interface Shown {
  readonly title: string;
  readonly headers: readonly string[];
  /** Empty for none. */
  readonly body: string;
}

/** A request and its answer, as in the documentation of an API. */
export function exchangeText(request: Shown, answer: Answer): string {
  const { 'content-type': type, allow } = answer.headers;
  const headers = [...(type ? [`Content-Type: ${type}`] : []), ...(allow ? [`Allow: ${allow}`] : [])];
  const parts = [
    [request.title, ...request.headers].join('\n'),
    request.body,
    [String(answer.status), ...headers].join('\n'),
    (type?.startsWith('text/') ? String : indented)(answer.bytes.toString('utf8')),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** A body on many lines. That it came without blanks, so that nothing else is lost so, is checked. */
export function indented(text: string): string {
  return text.startsWith('<') ? indentedXml(text) : text === '' ? '' : indentedJson(text);
}

function indentedJson(text: string): string {
  const value = JSON.parse(text) as unknown;
  expect(text).toBe(JSON.stringify(value));
  return JSON.stringify(value, null, 2);
}

function indentedXml(text: string): string {
  expect(text).not.toMatch(/>\s+</);
  let depth = 0;
  const lines = text.split(/(?<=>)(?=<)/).map((piece) => {
    if (piece.startsWith('</')) depth--;
    const line = '  '.repeat(depth) + piece;
    if (/^<(?![?/])[^>]*(?<!\/)>$/.test(piece)) depth++;
    return line;
  });
  expect(depth).toBe(0);
  return lines.join('\n');
}
