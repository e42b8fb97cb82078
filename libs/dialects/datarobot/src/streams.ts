import type { Paging } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { emptyText, insightText, type InsightText } from './insight-text.js';
import { begun } from './lines.js';
import type { Portions } from './portions.js';
import { pageText, toPage, type Filters } from './wire/paging.js';

/** A request, and the reply that is streamed. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

interface Page {
  /** Absolute URL of the listing. */
  readonly link: string;
  readonly filters?: Filters;
  readonly paging: Paging;
}

/** Sends a page of items. Streams it if it is more than one portion. */
export function sendPage<Item>(
  { request, reply }: Exchange,
  { link, filters = {}, paging }: Page,
  { total, portions, whole }: Portions<Item>,
  toItem: (item: Item) => unknown,
): void {
  void reply.type('application/json');
  if (!whole) return send(request, reply, pageText(link, filters, paging, total, mapped(portions, toItem)));
  const { data, ...rest } = toPage(link, filters, paging, { items: whole.map(toItem), total });
  // A stream of one piece costs more than what it streams. The members have the order of a streamed page.
  void reply.send(Buffer.from(JSON.stringify({ data, ...rest })));
}

/**
 * Streams JSON that is made of a file while that is read.
 *
 * @param open opens the file
 * @param write writes the JSON in pieces. What fails before the first of them is answered with a status
 */
export async function sendJson<Opened>(
  { request, reply }: Exchange,
  open: () => Promise<Opened>,
  write: (opened: Opened) => AsyncGenerator<string, void>,
): Promise<void> {
  void reply.type('application/json');
  // A file that is opened must be read, which HEAD does not.
  void reply.send(Readable.from(request.method === 'HEAD' ? [] : await begun(write(await open()))));
}

/** Streams text, one line for each item. */
export function sendLines<Item>(
  { request, reply }: Exchange,
  type: string,
  { portions }: Portions<Item>,
  toLine: (item: Item) => string,
): void {
  void reply.type(type);
  send(request, reply, linesOf(portions, toLine));
}

async function* mapped<Item>(portions: Portions<Item>['portions'], toItem: (item: Item) => unknown) {
  for await (const portion of portions) yield portion.map(toItem);
}

async function* linesOf<Item>(portions: Portions<Item>['portions'], toLine: (item: Item) => string) {
  for await (const portion of portions)
    if (portion.length > 0) yield portion.map((item) => `${toLine(item)}\n`).join('');
}

/**
 * Streams insights while their file is read.
 *
 * @param open opens the lines of the file; null if nothing is computed
 */
export async function sendInsights(
  { request, reply }: Exchange,
  open: (() => Promise<AsyncGenerator<string[], void>>) | null,
  text: InsightText,
): Promise<void> {
  void reply.type('application/json');
  // A file that is opened must be read, which HEAD does not.
  if (!open || request.method === 'HEAD') void reply.send(Readable.from([emptyText(text)]));
  else void reply.send(Readable.from(await begun(insightText(await open(), text))));
}

/** Streams text. Fastify would read a stream to its end to answer HEAD. */
function send(request: FastifyRequest, reply: FastifyReply, text: AsyncGenerator<string, void>): void {
  void reply.send(Readable.from(request.method === 'HEAD' ? [] : text));
}
