import type { DatasetsClient, Reply } from './datasets.js';
import { form, type Part } from './filters.js';
import { exchangeText, GoldenFolder } from './golden.js';

/** A request to the DataRobot API. */
export interface Exchange {
  readonly method: string;
  /** `{id}` stands for the first of the named ids, and `{name}` for the one of this name, also in `json`. */
  readonly path: string;
  readonly parts?: readonly Part[];
  readonly json?: unknown;
}

export const get = (path: string): Exchange => ({ method: 'GET', path });

/** Exchanges with the DataRobot API as they have to be, in a folder below `test/e2e/golden`. */
export class DatarobotExchanges {
  private readonly golden: GoldenFolder;

  private readonly ids: Map<string, string>;

  /** @param ids shown by their names, because they differ from run to run */
  constructor(
    private readonly client: DatasetsClient,
    folder: string,
    ids: Readonly<Record<string, string>>,
  ) {
    this.golden = new GoldenFolder(folder);
    this.ids = new Map(Object.entries(ids));
  }

  /** Gives an id, or the number of a job, this name from now on. */
  rename(name: string, id: string): void {
    this.ids.set(name, id);
  }

  /** Asks, compares the answer, and returns it. */
  async compare(name: string, exchange: Exchange): Promise<Reply> {
    const { method, path, parts, json } = exchange;
    const answer = await this.client.ask(method, this.filled(path), {
      ...(parts ? form(parts) : {}),
      ...(json === undefined ? {} : { json: JSON.parse(this.filled(JSON.stringify(json))) as unknown }),
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

  private filled(text: string): string {
    const [first = ''] = this.ids.values();
    return [...this.ids].reduce((filled, [name, id]) => filled.replace(`{${name}}`, id), text.replace('{id}', first));
  }

  /** Replaces what differs from run to run or from machine to machine. */
  private normalised(text: string): string {
    return [...this.ids]
      .filter(([, id]) => id.length === 24)
      .reduce((shown, [name, id]) => shown.replaceAll(id, `<${name}>`), text)
      .replaceAll(this.client.base, 'http://localhost/api/v2')
      .replace(/(?<![0-9a-f])(?!f{24})[0-9a-f]{24}(?![0-9a-f])/g, '<id>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/(?<=obs\/)(?!4000000)\d+(?=\/)/g, '<number>')
      .replace(/"id": "\d+"/g, '"id": "<number>"')
      .replace(MEASURED, '"$1": <number>')
      .replace(MEASURED_LISTS, (_, name: string, list: string) => `"${name}": ${formOf(JSON.parse(list))}`);
  }
}

/** What models compute: numbers, which differ a little between machines. */
const MEASURED = /"(positionX|positionY|validation|crossValidation|holdout|value|positiveProbability)": -?\d[\d.e+-]*/g;
const MEASURED_LISTS = /"(values|activationValues)": (\[[\s\d.,e[\]+-]*\])/g;

/** Describes a list of numbers, or one of rows of numbers. */
function formOf(list: unknown): string {
  const rows = list as readonly unknown[];
  const [first] = rows;
  return Array.isArray(first) ? `<${rows.length} times ${formOf(first)}>` : `<${rows.length} numbers>`;
}
