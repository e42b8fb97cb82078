import type { Random } from '@pentaprism/domain';
import sharp from 'sharp';
import { bitmap } from '../../e2e/support/bad-pictures.js';
import { form } from '../../e2e/support/filters.js';
import type { SendOptions } from '../../e2e/support/http.js';
import { toForm, toXml } from '../../e2e/support/model-encodings.js';
import type { PictureServer } from '../../e2e/support/picture-server.js';
import { pick, wholeWithin } from '../drill.js';
import { mutated } from './mutations.js';
import { bytesBody, PREDICTION, TRAINING } from './vision-client.js';
import type { VisionThings } from './vision-workspace.js';

const TRAINING_V1 = '/customvision/v1.2/Training';
const PREDICTION_V1 = '/customvision/v1.1/Prediction';
const [WIDTH, HEIGHT, CHANNELS] = [16, 16, 3] as const;
/** Of so many requests, one is as it should be. */
const WHOLE_OF = 8;

/** What is made of a request that is taken. */
export type Outcome = 'images' | 'taggings' | 'prediction' | 'nothing';

export interface MutatedRequest {
  readonly title: string;
  readonly method: string;
  readonly path: string;
  readonly options: SendOptions;
  readonly outcome: Outcome;
}

interface Way {
  readonly path: string;
  readonly outcome: Outcome;
  readonly method?: string;
  readonly make: () => SendOptions | Promise<SendOptions>;
}

/** Requests to every way into a project of Custom Vision, in whose bytes something happened. */
export class MutatedVision {
  private served = 0;
  /** Whether nothing happens to the request that is drawn just now. */
  private whole = false;

  constructor(
    private readonly random: Random,
    private readonly things: VisionThings,
    private readonly server: PictureServer,
  ) {}

  async next(): Promise<MutatedRequest> {
    const { random } = this;
    this.whole = random() < 1 / WHOLE_OF;
    const way = pick(random, this.ways());
    const { path, outcome, method = 'POST' } = way;
    return { title: `${method} ${path}`, method, path, options: await way.make(), outcome };
  }

  private ways(): readonly Way[] {
    const { visionProject: project, publishedName, visionTag: tag, visionImage: image, prediction } = this.things;
    const [v1, v3] = [`${TRAINING_V1}/projects/${project}`, `${TRAINING}/projects/${project}`];
    const [predict, classify] = [`${PREDICTION_V1}/${project}`, `${PREDICTION}/${project}/classify/iterations/${encodeURIComponent(publishedName)}`]; // prettier-ignore
    const upload = () => pick(this.random, [() => this.bytes(), () => this.form()])();
    const url = async () => this.aroundUrl((address) => ({ url: address }));
    const patch = () => this.model({ name: `n${wholeWithin(this.random, 0, 9)}`, description: 'as it is', type: null });
    return [
      { path: `${v3}/images?tagIds=${tag}`, outcome: 'images', make: upload },
      { path: `${v1}/images`, outcome: 'images', make: upload },
      { path: `${v3}/images/files`, outcome: 'images', make: async () => this.model(await this.files(tag)) },
      { path: `${v1}/images/files`, outcome: 'images', make: async () => this.model(await this.files(tag)) },
      { path: `${v3}/images/urls`, outcome: 'images', make: () => this.aroundUrl((address) => ({ images: [{ url: address, tagIds: [tag] }] })) }, // prettier-ignore
      { path: `${v3}/images/predictions`, outcome: 'images', make: () => this.model({ images: [{ id: prediction, tagIds: [tag] }] }) }, // prettier-ignore
      { path: `${v1}/images/tags`, outcome: 'taggings', make: () => this.model({ tags: [{ imageId: image, tagId: tag }] }) }, // prettier-ignore
      { path: `${v3}/quicktest/image`, outcome: 'prediction', make: upload },
      { path: `${v1}/quicktest/image`, outcome: 'prediction', make: upload },
      { path: `${v3}/quicktest/url`, outcome: 'prediction', make: url },
      { path: `${predict}/image`, outcome: 'prediction', make: upload },
      { path: `${predict}/image/nostore`, outcome: 'nothing', make: upload },
      { path: `${predict}/url`, outcome: 'prediction', make: url },
      { path: `${classify}/image`, outcome: 'prediction', make: upload },
      { path: `${classify}/image/nostore`, outcome: 'nothing', make: upload },
      { path: `${classify}/url/nostore`, outcome: 'nothing', make: url },
      { path: `${v3}/tags/${tag}`, outcome: 'nothing', method: 'PATCH', make: patch },
      { path: `${v1}`, outcome: 'nothing', method: 'PATCH', make: patch },
      { path: `${v3}/predictions/query`, outcome: 'nothing', make: () => this.model({ orderBy: 'Newest', maxCount: 1, application: 'x', tags: [{ id: tag, minThreshold: 0.5 }] }) }, // prettier-ignore
    ];
  }

  private broken(bytes: Buffer | string): Buffer {
    const given = Buffer.from(bytes);
    return this.whole ? given : mutated(this.random, given);
  }

  /** JPEG, PNG, GIF or BMP of noise, so that no other picture has its bytes. */
  private async picture(): Promise<Buffer> {
    const { random } = this;
    const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * CHANNELS }, () => random() * 256);
    const raw = sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: CHANNELS } });
    return pick<() => Promise<Buffer>>(random, [
      () => raw.jpeg({ progressive: random() < 0.5 }).toBuffer(),
      () => raw.png({ progressive: random() < 0.3 }).toBuffer(),
      () => raw.gif().toBuffer(),
      () => Promise.resolve(bitmap(WIDTH, HEIGHT, Buffer.from(pixels))),
    ])();
  }

  private async bytes(): Promise<SendOptions> {
    return bytesBody(this.broken(await this.picture()));
  }

  /** Either what is in the form or the form is broken, or both. */
  private async form(): Promise<SendOptions> {
    const { random } = this;
    const pictures = await Promise.all(Array.from({ length: wholeWithin(random, 1, 3) }, () => this.picture()));
    const inside = random() < 0.5;
    const { headers, body } = form(
      pictures.map((bytes, i) => ({
        headers: [`Content-Disposition: form-data; name="imageData"; filename="${i}.png"`, 'Content-Type: image/png'],
        body: inside ? this.broken(bytes) : bytes,
      })),
    );
    return { headers, body: inside ? body : this.broken(body) };
  }

  private async files(tag: string): Promise<object> {
    const picture = await this.picture();
    const contents = (this.random() < 0.5 ? this.broken(picture) : picture).toString('base64');
    return { images: [{ name: 'a.png', contents, tagIds: [tag] }], tagIds: [tag] };
  }

  /** In any of the encodings. */
  private model(model: object): SendOptions {
    const [type, text] = pick<[string, () => string]>(this.random, [
      ['application/json', () => JSON.stringify(model)],
      ['text/xml', () => toXml(model)],
      ['application/x-www-form-urlencoded', () => toForm(model)],
    ]);
    return { headers: { 'content-type': type }, body: this.broken(text()) };
  }

  /** The URL stays as it is: nobody knows whom a broken one would ask. What is there is broken. */
  private async aroundUrl(model: (url: string) => object): Promise<SendOptions> {
    const url = this.server.put(`${(this.served += 1)}`, this.broken(await this.picture()));
    const [before = '', behind = ''] = JSON.stringify(model(url)).split(url);
    const both = this.random() < 0.5;
    const pieces = [both ? this.broken(before) : before, url, both ? this.broken(behind) : behind];
    return { headers: { 'content-type': 'application/json' }, body: Buffer.concat(pieces.map((each) => Buffer.from(each))) }; // prettier-ignore
  }
}
