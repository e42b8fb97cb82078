import { z } from 'zod';
import { DatasetsClient } from '../../e2e/support/datasets.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { createKey } from '../../e2e/support/stack.js';
import { forEach } from './for-each.js';

const LANES = 8;
/** Kinds of findings about a cell that gives no image. */
const WITHOUT_IMAGE = ['unreachable-address', 'not-an-image', 'missing-file'];

const findings = z.object({ data: z.array(z.object({ kind: z.string(), row: z.int().nullable() })) });

/** Gives addresses to imports of datasets: each as that of a file, and all of them as cells of a table. */
export class AddressDatasets {
  /** Addresses that became a dataset. */
  readonly taken: string[] = [];
  readonly failures: string[] = [];

  private constructor(private readonly client: DatasetsClient) {}

  static async make({ stack }: FaultyStack): Promise<AddressDatasets> {
    const key = await createKey({ url: stack.url, ownerKey: stack.ownerKey, data: '' }, { name: 'addresses' });
    return new AddressDatasets(new DatasetsClient({ url: stack.url, ownerKey: '', data: '' }, key));
  }

  /** @returns how many of the addresses became a dataset */
  async importFiles(urls: readonly string[]): Promise<number> {
    const before = this.taken.length;
    await forEach(urls, LANES, async (url) => {
      const asked = await this.client.ask('POST', 'datasets/fromURL/', { json: { url } });
      if (asked.status !== 202) {
        if (asked.status !== 422) this.failures.push(`${asked.status} ${url}`);
        return;
      }
      const ended = await this.client.wait(asked.headers.location ?? '');
      if (ended.status === 303) this.taken.push(url);
      else if (ended.status !== 200) this.failures.push(`${ended.status} ${url}`);
    });
    return this.taken.length - before;
  }

  /** Imports a table of addresses. @returns how many of their images were fetched, and how many were not */
  async importTable(urls: readonly string[]): Promise<{ fetched: number; missing: number }> {
    const table = ['image', ...urls.map((url) => `"${url.replaceAll('"', '""')}"`)].join('\n');
    const { datasetId } = await this.client.create(table, 'addresses.csv');
    const { bytes } = await this.client.get(`datasets/${datasetId}/findings/`);
    const { data } = findings.parse(JSON.parse(bytes.toString()));
    // Some forms are so odd that they are not taken for addresses at all.
    const missing = new Set(data.filter(({ kind }) => WITHOUT_IMAGE.includes(kind)).map(({ row }) => row)).size;
    return { fetched: urls.length - missing, missing };
  }
}
