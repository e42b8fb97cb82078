import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Bus, DEFAULT_DEADLINE_MS, sendSignal } from '@pentaprism/bus';
import { contentAnalysed, type contentContracts, type ParsedRequestOf, type ResponseOf } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { currentContext } from '@pentaprism/observability';
import { ANALYSIS_WRITER, type AnalysisWriter } from './analysis-writer.js';
import { ContentHoldRepository } from './content-hold.repository.js';
import { ContentReferences } from './content-references.js';
import { ContentRepository } from './content.repository.js';

type HeldContent = ParsedRequestOf<typeof contentContracts.hold>['contents'][number];
type Known = ResponseOf<typeof contentContracts.known>;

/** Contents that one transaction releases. */
const BATCH = 64;
/** Milliseconds before its caller gives up at which a release begins no other batch: one transaction takes 4 s at most. */
const ANSWER_MS = 5000;

/** Keeps contents for holders outside of the catalog, such as datasets, before any image references them. */
@Injectable()
export class HoldContents implements OnModuleDestroy {
  private stopped = false;

  constructor(
    private readonly holds: ContentHoldRepository,
    private readonly contents: ContentRepository,
    private readonly references: ContentReferences,
    @Inject(ANALYSIS_WRITER) private readonly analyses: AnalysisWriter,
    private readonly bus: Bus,
  ) {}

  onModuleDestroy(): void {
    this.stopped = true;
  }

  /** Returns what is stored about those of the contents that are decoded. */
  async known(workspace: string, hashes: readonly string[]): Promise<Known> {
    const found = await this.contents.findMany(workspace, [...new Set(hashes)]);
    const contents = found.flatMap((content): Known['contents'] => {
      const { sha256, state, mediaType, format, width, height, perceptualHash, quality } = content;
      if (state !== 'decoded' || !format || !width || !height || !perceptualHash) return [];
      return [{ sha256, mediaType, format, width, height, perceptualHash, ...(quality ? { quality } : {}) }];
    });
    return { contents };
  }

  /**
   * Returns the contents that are not held, because they have no analysis.
   * @throws DomainError FAILED_PRECONDITION if the holder was released
   */
  async hold(workspace: string, holder: string, contents: readonly HeldContent[]): Promise<{ unknown: string[] }> {
    const distinct = distinctOf(contents);
    const hashes = hashesOf(distinct);
    const { unknown, news } = await this.references.inTurn({ workspace, ids: [holder], hashes }, async (session) => {
      if (!(await this.holds.enter(workspace, holder, session)))
        throw new DomainError('FAILED_PRECONDITION', 'The holder was released: it can hold nothing more.');
      const states = await this.contents.states(workspace, hashes, session);
      const isDecoded = ({ content }: HeldContent) => states.get(content.sha256) === 'decoded';
      const held = distinct.filter((each) => each.analysis !== null || isDecoded(each));
      const references = held.map(({ content }) => content);
      await this.contents.referAll(workspace, references, session);
      await this.holds.add(workspace, holder, hashesOf(held), session);
      const analyses = held.flatMap(({ content: { sha256 }, analysis }) =>
        analysis === null ? [] : [{ sha256, result: analysis }],
      );
      await this.analyses.write(workspace, analyses, session);
      const left = distinct.filter((each) => !held.includes(each));
      return { unknown: hashesOf(left), news: hashesOf(held.filter((each) => !isDecoded(each))) };
    });
    for (const sha256 of news) sendSignal(this.bus.connection, contentAnalysed, { workspace, sha256 });
    return { unknown };
  }

  /**
   * Removes what a holder keeps, in batches until the caller needs an answer. A repeated call continues where this call,
   * or a process that ended, stopped.
   */
  async release(workspace: string, holder: string): Promise<{ left: boolean }> {
    const now = performance.now();
    const giveUpAt = (currentContext()?.deadline ?? now + DEFAULT_DEADLINE_MS) - ANSWER_MS;
    await this.holds.close(workspace, holder);
    for (;;) {
      const removed = await this.removeSome(workspace, holder);
      if (removed < BATCH) break;
      if (this.stopped || performance.now() > giveUpAt) return { left: true };
    }
    await this.holds.setEmptied(workspace, holder);
    return { left: false };
  }

  /** Returns how many holds were found. */
  private async removeSome(workspace: string, holder: string): Promise<number> {
    const holds = await this.holds.someOf(workspace, holder, BATCH);
    if (holds.length === 0) return 0;
    const hashes = holds.map(({ sha256 }) => sha256);
    await this.references.inTurn({ workspace, ids: [], hashes }, async (session) => {
      await this.holds.remove(holds, session);
      const released = hashes.map((sha256) => ({ sha256, transient: false }));
      await this.references.release(workspace, released, session);
    });
    return holds.length;
  }
}

/** Each content once, with its analysis if one of several entries has it. */
function distinctOf(contents: readonly HeldContent[]): HeldContent[] {
  const distinct = new Map<string, HeldContent>();
  for (const each of contents)
    if (each.analysis !== null || !distinct.has(each.content.sha256)) distinct.set(each.content.sha256, each);
  return [...distinct.values()];
}

function hashesOf(contents: readonly HeldContent[]): string[] {
  return contents.map(({ content }) => content.sha256);
}
