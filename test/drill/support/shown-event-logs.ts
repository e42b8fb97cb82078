import { createHash } from 'node:crypto';
import { send, type Answer } from '../../e2e/support/http.js';

const IMAGES = '/data/plugin/images';

/** What a workspace shows of its event logs. */
export class ShownEventLogs {
  /** Answers other than success. */
  readonly wrong: string[] = [];

  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  async runs(): Promise<string[]> {
    return JSON.parse((await this.get('/data/runs')).bytes.toString()) as string[];
  }

  /**
   * Returns each run as text: its tags, and the lists of all samples.
   *
   * @param withPictures whether queries are replaced by the hashes of the pictures that they lead to
   */
  async read(names: readonly string[], { withPictures = true } = {}): Promise<Map<string, string>> {
    const answer = await this.get(`${IMAGES}/tags`);
    const tags = JSON.parse(answer.bytes.toString()) as Record<string, Record<string, { samples: number }>>;
    const shown = new Map<string, string>();
    for (const run of names) {
      const lines: string[] = [];
      // An own property also if it is called `__proto__`.
      for (const [tag, about] of Object.entries(tags[run] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
        lines.push(`${tag} ${JSON.stringify(about)}`);
        for (let sample = 0; sample < about.samples; sample++) {
          const list = await this.list(run, tag, sample);
          lines.push(withPictures ? await this.withPictures(list) : list);
        }
      }
      shown.set(run, lines.join('\n'));
    }
    return shown;
  }

  async list(run: string, tag: string, sample = 0): Promise<string> {
    const query = new URLSearchParams({ run, tag, sample: String(sample) }).toString();
    return (await this.get(`${IMAGES}/images?${query}`)).bytes.toString();
  }

  async get(path: string): Promise<Answer> {
    const answer = await send('GET', `${this.url}${path}`, { headers: { authorization: `Bearer ${this.key}` } });
    if (answer.status !== 200) this.wrong.push(`${path}: ${answer.status} ${answer.bytes.toString().slice(0, 200)}`);
    return answer;
  }

  private async withPictures(list: string): Promise<string> {
    const queries = [...list.matchAll(/"query":"([^"]*)"/g)].map(([, query = '']) => query);
    const read = queries.map(async (query): Promise<[string, string]> => {
      const { bytes, headers } = await this.get(`${IMAGES}/individualImage?${query}`);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return [query, `${headers['content-type']} ${bytes.length} ${sha256}`];
    });
    const hashes = new Map(await Promise.all(read));
    return list.replaceAll(/"query":"([^"]*)"/g, (_, query: string) => `"picture":"${hashes.get(query)}"`);
  }
}
