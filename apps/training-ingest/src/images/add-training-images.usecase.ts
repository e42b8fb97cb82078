import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  contentContracts,
  tagContracts,
  tagReferenceOf,
  trainingImageContracts,
  type ArrivalSource,
  type ContentReference,
  type ResponseOf,
  type TagDetails,
  type TrainingImage,
} from '@pentaprism/contracts';
import {
  DomainError,
  MAX_TAGS_PER_BATCH,
  MAX_TAGS_PER_IMAGE,
  MAX_TRAINING_IMAGE_ASPECT,
  MAX_TRAINING_IMAGE_BYTES,
  MAX_TRAINING_IMAGE_SIDE,
  type ArrivalStatus,
} from '@pentaprism/domain';
import { PredictionRepository } from '../predictions/prediction.repository.js';
import { ImportImage } from '../url/import-image.usecase.js';

export interface NewTrainingImage {
  readonly fileName: string;
  readonly source: ArrivalSource;
  readonly tagIds: readonly string[];
}

export interface NewTrainingImages {
  readonly projectId: string;
  /** Of every image of the batch, besides its own. */
  readonly tagIds: readonly string[];
  readonly images: readonly NewTrainingImage[];
}

export interface Arrival {
  readonly status: ArrivalStatus;
  readonly image: TrainingImage | null;
  /** A sentence for users, where the status does not say it all. */
  readonly reason?: string;
}

/** An image on its way: refused, or with its bytes. */
type Candidate = Refusal | { readonly content: ContentReference };
type Refusal = { readonly refusal: ArrivalStatus; readonly reason?: string };
type Accepted = { readonly place: number; readonly content: ContentReference; readonly tags: TagDetails[] };
type Analysis = ResponseOf<typeof contentContracts.analyse>['outcomes'][number];

/** Formats that models are trained on, whatever else can be decoded here. */
const FORMATS: ReadonlySet<string> = new Set(['jpeg', 'png', 'gif', 'bmp']);
/** Milliseconds for all addresses of a batch: what is late spoils only itself, and leaves time for the others. */
const FETCH_LIMIT_MS = 50_000;
/** Times that tags are looked up for one batch, when each time one of them changes before the images have it. */
const TAG_ATTEMPTS = 3;

/**
 * The way of images to train on into a project. Each is judged by itself, and a bad one spoils no other: first where its
 * bytes come from, then what they are, then its tags.
 */
@Injectable()
export class AddTrainingImages {
  constructor(
    private readonly bus: Bus,
    private readonly importImage: ImportImage,
    private readonly predictions: PredictionRepository,
  ) {}

  async execute(workspace: string, request: NewTrainingImages): Promise<{ results: Arrival[] }> {
    // Before any byte is asked for: an unknown project is the answer then.
    await this.findTags(request);
    const candidates = await this.fetch(workspace, request);
    const analysed = await this.analyse(candidates);
    const results = new Map<number, Arrival>();
    for (let attempt = 1; ; attempt++) {
      const accepted = judge(request, analysed, await this.findTags(request), results);
      try {
        await this.add(request, accepted, results);
        break;
      } catch (error) {
        if (!DomainError.is(error, 'CONFLICT')) throw error;
        // A tag was renamed or deleted meanwhile. Nothing that the client did: the same request may succeed.
        if (attempt === TAG_ATTEMPTS) throw new DomainError('UNAVAILABLE', error.message, {}, { cause: error });
      }
    }
    await this.discardRefused(candidates, results);
    return { results: candidates.map((_, place) => results.get(place) ?? { status: 'failed', image: null }) };
  }

  private async findTags({ projectId, tagIds, images }: NewTrainingImages): Promise<Map<string, TagDetails>> {
    const ids = [...new Set([...tagIds, ...images.flatMap((image) => image.tagIds)])];
    if (ids.length > MAX_TAGS_PER_BATCH)
      throw new DomainError(
        'INVALID_ARGUMENT',
        `The images of a batch get at most ${MAX_TAGS_PER_BATCH} different tags.`,
        {
          limit: MAX_TAGS_PER_BATCH,
        },
      );
    const { tags } = await this.bus.call(tagContracts.getMany, { projectId, ids });
    return new Map(tags.map((tag) => [tag.id, tag]));
  }

  private async fetch(workspace: string, { projectId, images }: NewTrainingImages): Promise<Candidate[]> {
    const ids = images.flatMap(({ source }) => (source.kind === 'prediction' ? source.id : []));
    const predictions = ids.length > 0 ? await this.predictions.findMany(workspace, projectId, ids) : [];
    const pictures = new Map(predictions.map(({ _id, content }) => [_id.toHexString(), content]));
    const late = new AbortController();
    const timer = setTimeout(
      () =>
        late.abort(
          new DomainError('UPSTREAM_FAILED', `The download from the URL took more than ${FETCH_LIMIT_MS / 1000} s.`),
        ),
      FETCH_LIMIT_MS,
    );
    try {
      return await Promise.all(
        images.map(({ source }) => {
          if (source.kind === 'refused') return refused(source.status, source.reason);
          // A signal for each image: all of them would wait at one, and Node.js takes that for a leak.
          if (source.kind === 'url') return this.importOne(workspace, source.url, AbortSignal.any([late.signal]));
          const content = source.kind === 'content' ? source.content : pictures.get(source.id);
          if (!content) return refused('source-error', 'There is no such prediction with a picture.');
          return content.size > MAX_TRAINING_IMAGE_BYTES ? refused('too-many-bytes') : { content };
        }),
      );
    } finally {
      clearTimeout(timer);
    }
  }

  private async importOne(workspace: string, url: string, signal: AbortSignal): Promise<Candidate> {
    try {
      return {
        content: await this.importImage.execute(workspace, url, { maxBytes: MAX_TRAINING_IMAGE_BYTES, signal }),
      };
    } catch (error) {
      if (DomainError.is(error, 'PAYLOAD_TOO_LARGE')) return refused('too-many-bytes');
      if (DomainError.is(error, 'UPSTREAM_FAILED')) return refused('source-error', error.message);
      if (DomainError.is(error, 'INVALID_ARGUMENT')) return refused('undecodable', error.message);
      if (DomainError.is(error, 'STORAGE_FULL')) return refused('storage-error');
      throw error;
    }
  }

  /** Bytes that occur more than once are looked at once. */
  private async analyse(candidates: readonly Candidate[]): Promise<Candidate[]> {
    const contents = new Map(
      candidates.flatMap((each) => ('content' in each ? [[each.content.sha256, each.content] as const] : [])),
    );
    if (contents.size === 0) return [...candidates];
    const { outcomes } = await this.bus.call(contentContracts.analyse, { contents: [...contents.values()] });
    const known = new Map([...contents.keys()].map((sha256, i) => [sha256, outcomes[i]]));
    return candidates.map((each) => {
      if ('refusal' in each) return each;
      return refusalOf(each.content, known.get(each.content.sha256)) ?? each;
    });
  }

  /** In as many calls as their answers need. Notes what became of each, so that no part is done twice. */
  private async add(
    { projectId, images }: NewTrainingImages,
    accepted: readonly Accepted[],
    results: Map<number, Arrival>,
  ): Promise<void> {
    for (let waiting = accepted; waiting.length > 0;) {
      const { outcomes } = await this.bus.call(trainingImageContracts.add, {
        projectId,
        images: waiting.map(({ place, content, tags }) => ({
          fileName: images[place]?.fileName ?? '',
          content,
          tags: tags.map(tagReferenceOf),
        })),
      });
      if (outcomes.length === 0) throw new DomainError('INTERNAL', 'A batch has no outcome.');
      for (const [i, outcome] of outcomes.entries()) {
        const place = waiting[i]?.place ?? -1;
        const image = 'image' in outcome ? outcome.image : null;
        const reason = image ? undefined : REASONS[outcome.status];
        results.set(place, { status: outcome.status, image, ...(reason === undefined ? {} : { reason }) });
      }
      waiting = waiting.slice(outcomes.length);
    }
  }

  /** Bytes that no image of the batch has need not wait for the sweep. */
  private async discardRefused(candidates: readonly Candidate[], results: ReadonlyMap<number, Arrival>): Promise<void> {
    const kept = new Set([...results.values()].flatMap(({ image }) => image?.original.sha256 ?? []));
    const refused = candidates.flatMap((each) =>
      'content' in each && !kept.has(each.content.sha256) ? [each.content] : [],
    );
    if (refused.length > 0) await this.bus.call(contentContracts.discard, { contents: refused }).catch(() => undefined);
  }
}

/** Statuses that have one reason only. */
const REASONS: Partial<Record<ArrivalStatus, string>> = {
  'too-many-bytes': `It has more than ${MAX_TRAINING_IMAGE_BYTES / 1024 ** 2} MiB.`,
  'unknown-tag': 'It has a tag that the project does not have.',
  'conflicting-tags': 'A negative tag cannot be combined with other tags.',
  'too-many-tags': `It would have more than ${MAX_TAGS_PER_IMAGE} tags.`,
};

function refused(refusal: ArrivalStatus, reason = REASONS[refusal]): Refusal {
  return { refusal, ...(reason === undefined ? {} : { reason }) };
}

function refusalOf({ mediaType }: ContentReference, analysis: Analysis | undefined): Refusal | undefined {
  if (analysis?.state === 'undecodable') {
    // Of a format that models are trained on, and too large to be looked at: the decoder knows no more than its size.
    const isTooLarge = analysis.code === 'too_many_pixels' && FORMATS.has(mediaType.replace('image/', ''));
    return refused(isTooLarge ? 'bad-dimensions' : 'undecodable', analysis.reason);
  }
  if (analysis?.state !== 'decoded') return refused('undecodable');
  const { format, width, height } = analysis;
  if (!FORMATS.has(format))
    return refused(
      'undecodable',
      `The file format is ${format.toUpperCase()}; models are trained on JPEG, PNG, GIF and BMP.`,
    );
  const [short, long] = [width, height].sort((a, b) => a - b) as [number, number];
  if (long > MAX_TRAINING_IMAGE_SIDE || long > short * MAX_TRAINING_IMAGE_ASPECT)
    return refused(
      'bad-dimensions',
      `The picture has ${width} × ${height} pixels; sides of at most ${MAX_TRAINING_IMAGE_SIDE} pixels and proportions of at most ` +
        `${MAX_TRAINING_IMAGE_ASPECT}:1 are trained on.`,
    );
  return undefined;
}

/** Which images the catalog is to be asked for; what is known of the others is noted. */
function judge(
  { tagIds, images }: NewTrainingImages,
  candidates: readonly Candidate[],
  known: ReadonlyMap<string, TagDetails>,
  results: Map<number, Arrival>,
): Accepted[] {
  return candidates.flatMap((candidate, place) => {
    if (results.has(place)) return [];
    const ids = [...new Set([...tagIds, ...(images[place]?.tagIds ?? [])])];
    const tags = ids.flatMap((id) => known.get(id) ?? []);
    const wrong = refusalOfTags(ids, tags);
    const refusal = 'refusal' in candidate ? candidate : wrong && refused(wrong);
    if (refusal) {
      const { refusal: status, ...reason } = refusal;
      results.set(place, { status, image: null, ...reason });
    }
    return refusal || 'refusal' in candidate ? [] : [{ place, content: candidate.content, tags }];
  });
}

function refusalOfTags(ids: readonly string[], tags: readonly TagDetails[]): ArrivalStatus | undefined {
  if (tags.length < ids.length) return 'unknown-tag';
  if (tags.length > 1 && tags.some(({ type }) => type === 'negative')) return 'conflicting-tags';
  return tags.length > MAX_TAGS_PER_IMAGE ? 'too-many-tags' : undefined;
}
