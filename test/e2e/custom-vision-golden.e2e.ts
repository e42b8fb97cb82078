import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import type { OutgoingHttpHeaders } from 'node:http';
import { form } from './support/filters.js';
import { exchangeText, GoldenFolder, indented, type Shown } from './support/golden.js';
import { json, send, type Answer } from './support/http.js';
import { toXml } from './support/model-encodings.js';
import { PictureServer } from './support/picture-server.js';
import { createKey, sharedSystem, type ApiKey } from './support/stack.js';
import {
  COMPACT,
  ERRORS,
  ITEM_NAMES,
  LAST,
  NOTHING,
  OPERATIONS,
  TRAINING_V1,
  type Before,
  type Operation,
  type Things,
} from './support/vision-operations.js';
import { pictureOf, type Shape } from './support/vision.js';

/** Every operation of v1.2 and v1.1, asked and answered in JSON and in XML. */
const system = sharedSystem();
const golden = new GoldenFolder('custom-vision-v1');
const TRAINED_ON = 5;
const GUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
/** Figures of models, which differ from processor to processor. */
const FIGURE =
  /(Probability|Precision|PrecisionStdDeviation|Recall|RecallStdDeviation)(": |>)(?:0|1|0\.\d+|\d(?:\.\d+)?e-\d+)(?=[,<\n])/g;

const pictures = new Map<string, Buffer>([['text', Buffer.from('this is no picture\n')]]);
let server: PictureServer;
beforeAll(async () => {
  server = await PictureServer.start();
  for (const shape of ['disc', 'stripes'] as const satisfies Shape[])
    for (let n = 0; n <= TRAINED_ON + 2; n++) {
      pictures.set(`${shape}-${n}`, await pictureOf(shape, n));
      server.put(`${shape}-${n}`, picture(`${shape}-${n}`));
    }
});
afterAll(() => server.close());

function picture(name: string): Buffer {
  const bytes = pictures.get(name);
  if (!bytes) throw new Error(`there is no picture ${name}`);
  return bytes;
}

/** A workspace of its own in one encoding. */
class Journey implements Things {
  private readonly ids = new Map<string, string>();

  constructor(
    private readonly encoding: 'json' | 'xml',
    private readonly key: ApiKey,
  ) {}

  id(name: string): string {
    const found = this.ids.get(name);
    if (found === undefined) throw new Error(`nothing is called ${name}`);
    return found;
  }

  base64(name: string): string {
    return picture(name).toString('base64');
  }

  url(name: string): string {
    return `${server.url}/${name}`;
  }

  /** @returns the exchange without what differs from run to run */
  async play(operation: Operation): Promise<string> {
    const { method, path, headers, learn } = operation;
    const below = path(this);
    const url = below.startsWith('/customvision') ? below : `${TRAINING_V1}${below}`;
    const { type, body, shown } = this.bodyOf(operation);
    const accept = `application/${this.encoding}`;
    const sent: OutgoingHttpHeaders = { 'training-key': this.key.key, accept, ...type, ...headers };
    const answer = await send(method, `${system.url}${url}`, { headers: sent, ...(body ? { body } : {}) });
    if (learn !== undefined) this.learn(learn, answer);
    const lines = [`Accept: ${accept}`, ...Object.values(type).map((each) => `Content-Type: ${String(each).split(';', 1)[0]}`)]; // prettier-ignore
    const request: Shown = { title: `${method} ${url}`, headers: lines, body: shown };
    return this.normalised(exchangeText(request, answer));
  }

  learn(name: string, answer: Answer): void {
    const [id] = GUID.exec(answer.bytes.toString()) ?? [];
    GUID.lastIndex = 0;
    if (id === undefined) throw new Error(`${name}: ${answer.status} ${answer.bytes.toString()}`);
    this.ids.set(name, id);
  }

  /** In JSON, whatever the encoding of the journey is. */
  async json<T>(method: string, path: string, options: { bytes?: Buffer; body?: object } = {}): Promise<T> {
    const type = options.bytes ? 'application/octet-stream' : 'application/json';
    const headers = { 'training-key': this.key.key, 'content-type': type };
    const body = options.bytes ?? (options.body ? JSON.stringify(options.body) : undefined);
    const url = `${system.url}${TRAINING_V1}/projects/${this.id('PROJECT')}${path}`;
    const answer = await send(method, url, { headers, ...(body ? { body } : {}) });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.bytes.toString()}`);
    return json<T>(answer);
  }

  /** What comes between the operations. */
  readonly before: Readonly<Record<Before, () => Promise<void>>> = {
    'tags and pictures': async () => {
      const { Id } = await this.json<{ Id: string }>('POST', '/tags?name=stripes');
      this.ids.set('STRIPES', Id);
      for (let n = 0; n < TRAINED_ON; n++)
        await this.json('POST', `/images?tagIds=${Id}`, { bytes: picture(`stripes-${n}`) });
    },
    'an untagged picture': async () => {
      const bytes = picture(`stripes-${TRAINED_ON}`);
      const { Images } = await this.json<{ Images: { Image: { Id: string } }[] }>('POST', '/images', { bytes });
      this.ids.set('UNTAGGED', Images[0]?.Image.Id ?? '');
    },
    trained: () => this.until('', ({ Status }) => Status === 'Completed'),
    exported: () => this.until('/export', ([first]) => first?.Status === 'Done'),
    'no default': async () => {
      await this.json('PATCH', `/iterations/${this.id('ITERATION')}`, { body: { IsDefault: false } });
    },
  };

  private until(rest: string, done: (answer: { Status: string } & { Status: string }[]) => boolean): Promise<void> {
    const path = `/iterations/${this.id('ITERATION')}${rest}`;
    return eventually(async () => expect(done(await this.json('GET', path))).toBe(true), { timeoutMs: 60_000 });
  }

  private bodyOf({ model, form: files, bytes, broken }: Operation) {
    const { encoding } = this;
    const type = { 'content-type': `application/${encoding}` };
    if (model) {
      const [name, value] = model;
      const made = value(this);
      const body = encoding === 'xml' ? toXml(made, name, ITEM_NAMES[name]) : JSON.stringify(made);
      return { type, body, shown: indented(body) };
    }
    if (broken) return { type, body: encoding === 'xml' ? '<Tags>' : '{"Tags":[', shown: '(cut short)' };
    if (bytes !== undefined)
      return { type: { 'content-type': 'application/octet-stream' }, body: picture(bytes), shown: `(${bytes})` };
    if (!files) return { type: {}, body: undefined, shown: '' };
    const parts = files.map((name) => ({
      headers: [`Content-Disposition: form-data; name="imageData"; filename="${name}.png"`],
      body: picture(name),
    }));
    const { headers, body } = form(parts);
    return { type: headers, body, shown: parts.map((part) => `(${part.headers.join()})`).join('\n') };
  }

  private normalised(text: string): string {
    const { ids } = this;
    const names = new Map([...ids].map(([name, id]) => [id, name]));
    for (const id of [COMPACT, NOTHING]) names.set(id, id);
    const contents = new RegExp([...pictures.values()].map((bytes) => bytes.toString('base64').replaceAll(/[+/]/g, '\\$&')).join('|'), 'g'); // prettier-ignore
    return text
      .replace(contents, 'BASE64')
      .replaceAll(server.url, 'PICTURES')
      .replaceAll(system.url, 'ORIGIN')
      .replace(/(ORIGIN\/files)\/[^/]+\/(\w+)\/[\w.-]+\?[^"<]*/g, '$1/WORKSPACE/$2/ID?SIGNATURE')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
      .replace(FIGURE, '$1$2FIGURE')
      .replace(GUID, (id) => names.get(id) ?? (/ee85a74c|0732100f/.test(id) ? id : 'ID'));
  }
}

describe.each(['json', 'xml'] as const)('in %s', (encoding) => {
  let journey: Journey;
  beforeAll(async () => {
    journey = new Journey(encoding, await createKey(system, {}));
  });

  it.each([...OPERATIONS, ...ERRORS, LAST].map((operation) => [operation.name, operation] as const))(
    '%s',
    async (name, operation) => {
      if (operation.before) await journey.before[operation.before]();
      golden.compare(
        `${name.replaceAll(', ', '-').replaceAll(' ', '-')}.${encoding}.http`,
        await journey.play(operation),
      );
    },
  );
});

it('says everything that the documentation does', async () => {
  const document = json<{ paths: Record<string, Record<string, { operationId: string }>> }>(
    await send('GET', `${system.url}/docs/custom-vision/openapi.json`),
  );
  const served = Object.entries(document.paths)
    .filter(([path]) => path.startsWith('/customvision/v1.'))
    .flatMap(([, methods]) => Object.values(methods).map(({ operationId }) => operationId));
  expect(served.length).toBeGreaterThan(30);
  const told = new Set([...OPERATIONS, LAST].map(({ name }) => name));
  expect(served.filter((id) => !told.has(id))).toEqual([]);
  expect(golden.unused()).toEqual([]);
});
