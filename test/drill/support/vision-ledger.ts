import { z } from 'zod';
import type { Answer } from '../../e2e/support/http.js';
import { jsonBody, TRAINING, type VisionClient } from './vision-client.js';

const PAGE = 256;
/** An image without tags has no member for them. */
const image = z.object({ id: z.string(), tags: z.array(z.object({ tagId: z.string() })).default([]) });
const summary = z.object({ images: z.array(z.object({ image: image.nullable() })) });
const pairs = z.array(z.object({ imageId: z.string(), tagId: z.string() }));
const tagged = z.object({ created: pairs, duplicated: pairs });
const predictions = z.object({
  token: z.object({ continuation: z.string().nullable() }),
  results: z.array(z.object({ id: z.string() })),
});

/** What a project has, by what its client was told: images with their tags, and stored predictions. */
export class VisionLedger {
  private readonly images = new Map<string, Set<string>>();
  private readonly predictions = new Set<string>();
  acknowledged = 0;

  private constructor(
    private readonly client: VisionClient,
    private readonly project: string,
  ) {}

  /** Of a project that has something already. */
  static async of(client: VisionClient, project: string): Promise<VisionLedger> {
    const ledger = new VisionLedger(client, project);
    for (const [id, tags] of await ledger.listImages()) ledger.images.set(id, tags);
    for (const id of await ledger.listPredictions()) ledger.predictions.add(id);
    return ledger;
  }

  addImages(answer: Answer): void {
    for (const { image: added } of summary.parse(camel(answer)).images) {
      if (!added) continue;
      this.acknowledged += 1;
      for (const { tagId } of added.tags) this.carry(added.id, tagId);
      this.carry(added.id);
    }
  }

  addTaggings(answer: Answer): void {
    const { created, duplicated } = tagged.parse(camel(answer));
    for (const { imageId, tagId } of [...created, ...duplicated]) this.carry(imageId, tagId);
  }

  addPrediction(answer: Answer): void {
    this.acknowledged += 1;
    this.predictions.add(z.object({ id: z.string() }).parse(camel(answer)).id);
  }

  /** Where the project differs from what was said of it. */
  async differences(): Promise<string[]> {
    const path = `${TRAINING}/projects/${this.project}`;
    const [images, stored] = [await this.listImages(), await this.listPredictions()];
    const shown = (all: ReadonlyMap<string, Set<string>>) => [...all].map(([id, tags]) => `image ${id}: ${[...tags].sort().join()}`); // prettier-ignore
    const differences = [
      ...differing('images', shown(this.images), shown(images)),
      ...differing('predictions', [...this.predictions], [...stored]),
    ];
    const count = await this.client.json('GET', `${path}/images/count`);
    if (count !== images.size) differences.push(`${images.size} images, ${String(count)} counted`);
    for (const tag of new Set([...images.values()].flatMap((tags) => [...tags]))) {
      const carrying = [...images.values()].filter((tags) => tags.has(tag)).length;
      const counted = await this.client.json('GET', `${path}/images/tagged/count?tagIds=${tag}`);
      if (counted !== carrying) differences.push(`tag ${tag}: ${carrying} images, ${String(counted)} counted`);
    }
    return differences;
  }

  private carry(id: string, tag?: string): void {
    const tags = this.images.get(id) ?? new Set();
    if (tag !== undefined) tags.add(tag);
    this.images.set(id, tags);
  }

  private async listImages(): Promise<Map<string, Set<string>>> {
    const found = new Map<string, Set<string>>();
    for (let skip = 0; ; skip += PAGE) {
      const path = `${TRAINING}/projects/${this.project}/images?take=${PAGE}&skip=${skip}&orderBy=Oldest`;
      const page = z.array(image).parse(await this.client.json('GET', path));
      for (const { id, tags } of page) found.set(id, new Set(tags.map(({ tagId }) => tagId)));
      if (page.length < PAGE) return found;
    }
  }

  private async listPredictions(): Promise<Set<string>> {
    const found = new Set<string>();
    for (let continuation: string | null = null; ;) {
      const query = jsonBody({ maxCount: PAGE, orderBy: 'Oldest', continuation });
      const path = `${TRAINING}/projects/${this.project}/predictions/query`;
      const { token, results } = predictions.parse(await this.client.json('POST', path, query));
      for (const { id } of results) found.add(id);
      ({ continuation } = token);
      if (continuation === null) return found;
    }
  }
}

function differing(what: string, told: readonly string[], found: readonly string[]): string[] {
  const [all, there] = [new Set(told), new Set(found)];
  return [
    ...told.filter((each) => !there.has(each)).map((each) => `${what}, told and not there: ${each}`),
    ...found.filter((each) => !all.has(each)).map((each) => `${what}, there and not told: ${each}`),
  ];
}

/** Answers of both generations, in the names of the later one. */
function camel(answer: Answer): unknown {
  const text = answer.bytes.toString('utf8');
  return JSON.parse(text.replaceAll(/"([A-Z])(\w*)":/g, (_, first: string, rest: string) => `"${first.toLowerCase()}${rest}":`)); // prettier-ignore
}
