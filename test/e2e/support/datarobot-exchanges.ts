import type { DatasetsClient, Reply } from './datasets.js';
import { form, type Part } from './filters.js';
import { exchangeText, GoldenFolder } from './golden.js';

/** A request to the DataRobot API. */
export interface Exchange {
  readonly method: string;
  /** `{id}` stands for the first of the named ids. */
  readonly path: string;
  readonly parts?: readonly Part[];
  readonly json?: unknown;
}

export const get = (path: string): Exchange => ({ method: 'GET', path });

/** Exchanges with the DataRobot API as they have to be, in a folder below `test/e2e/golden`. */
export class DatarobotExchanges {
  private readonly golden: GoldenFolder;

  /** @param ids shown by their names, because they differ from run to run */
  constructor(
    private readonly client: DatasetsClient,
    folder: string,
    private readonly ids: Readonly<Record<string, string>>,
  ) {
    this.golden = new GoldenFolder(folder);
  }

  /** Asks, compares the answer, and returns it. */
  async compare(name: string, exchange: Exchange): Promise<Reply> {
    const { method, path, parts, json } = exchange;
    const answer = await this.client.ask(method, path.replace('{id}', Object.values(this.ids)[0] ?? ''), {
      ...(parts ? form(parts) : {}),
      ...(json === undefined ? {} : { json }),
    });
    this.golden.compare(`${name}.http`, this.textOf(`${method} ${path}`, exchange, answer));
    return answer;
  }

  compareStatus(name: string, answer: Reply): void {
    this.golden.compare(`${name}.http`, this.textOf('GET status/<id>/', {}, answer));
  }

  /** Names of files that nothing was compared with. */
  unused(): string[] {
    return this.golden.unused();
  }

  private textOf(title: string, { parts = [], json }: Partial<Exchange>, answer: Reply): string {
    const lines = parts.map(({ headers, body }) => `(${headers.join()}, ${body.length} bytes)`);
    const body = json === undefined ? lines.join('\n') : JSON.stringify(json);
    const shown = ['location', 'content-disposition'].flatMap((name) =>
      answer.headers[name] === undefined ? [] : [`${name}: ${String(answer.headers[name])}`],
    );
    return this.normalised([exchangeText({ title, headers: [], body }, answer), ...shown].join('\n\n'));
  }

  /** Replaces what differs from run to run. */
  private normalised(text: string): string {
    return Object.entries(this.ids)
      .reduce((shown, [name, id]) => shown.replaceAll(id, `<${name}>`), text)
      .replaceAll(this.client.base, 'http://localhost/api/v2')
      .replace(/(?<![0-9a-f])(?!f{24})[0-9a-f]{24}(?![0-9a-f])/g, '<id>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>');
  }
}
