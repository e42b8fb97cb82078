import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { FaultyStack } from './faults-stack.js';

const record = z.object({ id: z.int(), filename: z.string(), size: z.int(), url: z.string().nullable() });
const page = z.object({
  results: z.array(record),
  meta: z.object({ has_more_pages: z.boolean(), total_results: z.int() }),
});
export type ImageRecord = z.output<typeof record>;

/** What the system says that it holds. */
export class CatalogView {
  constructor(private readonly faulty: FaultyStack) {}

  async image(id: number): Promise<ImageRecord> {
    return record.parse(await this.json(`/v1/images/${id}`));
  }

  /** Every page, and the total that each of them tells. */
  async everything(): Promise<{ records: ImageRecord[]; total: number }> {
    const records: ImageRecord[] = [];
    for (let number = 0; ; number++) {
      const { results, meta } = page.parse(await this.json(`/v1/images?limit=100&page=${number}`));
      records.push(...results);
      if (!meta.has_more_pages) return { records, total: meta.total_results };
    }
  }

  /** The total that a list with this query tells. */
  async total(query: string): Promise<number> {
    return page.parse(await this.json(`/v1/images?limit=1&${query}`)).meta.total_results;
  }

  /** sha256 of the bytes behind a record's URL. */
  async hashOf({ url }: ImageRecord): Promise<string | null> {
    if (url === null) return null;
    const response = await fetch(url);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (response.status !== 200) throw new Error(`${url}: ${response.status} ${bytes.toString('utf8', 0, 200)}`);
    return createHash('sha256').update(bytes).digest('hex');
  }

  async json(path: string, init: RequestInit = {}): Promise<unknown> {
    const headers = { ...this.faulty.authorization, 'Content-Type': 'application/json' };
    const response = await fetch(new URL(path, this.faulty.stack.url), { headers, redirect: 'manual', ...init });
    const text = await response.text();
    if (response.status >= 400) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }
}
