import { Injectable } from '@nestjs/common';
import { fitting, largestText } from '@pentaprism/bus';
import type { ParsedRequestOf, ResponseOf, targetContracts, TargetValue } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { LiveTables } from './live-tables.js';
import { imageColumnsOf } from './image-columns.js';
import { ModelingRepository } from './modeling.repository.js';
import type { ModelingDocument } from './modeling.schema.js';
import { sizeOf, TargetRepository, type ShownTargetImage } from './target.repository.js';
import type { TargetRecord } from './target.schema.js';
import { TargetSelections, type TargetFilter } from './target-selections.js';

type Requests = { [Name in keyof typeof targetContracts]: ParsedRequestOf<(typeof targetContracts)[Name]> };
type ImagesPage = ResponseOf<typeof targetContracts.images>;
type BinsPage = ResponseOf<typeof targetContracts.bins>;

/** Lists the images and bins of a project with a target. */
@Injectable()
export class ListTargetImages {
  constructor(
    private readonly modelings: ModelingRepository,
    private readonly targets: TargetRepository,
    private readonly selections: TargetSelections,
    private readonly live: LiveTables,
  ) {}

  /** Throws NOT_FOUND; FAILED_PRECONDITION without a target; INVALID_ARGUMENT for a filter that does not fit. */
  async images(workspace: string, request: Requests['images']): Promise<ImagesPage> {
    const { projectId, column, offset, limit, values, range, known } = request;
    const { modeling, target } = await this.find(workspace, projectId);
    const revision = target.id.toHexString();
    // The images of a target that is ready never change.
    if (known === revision) return { images: [], total: 0, revision, unchanged: true };
    checkFilter(target, { values, range });
    const images: ShownTargetImage[] = [];
    let total = 0;
    for (const { index } of imageColumnsOf(modeling, column)) {
      const page = { offset: Math.max(0, offset - total), limit: limit - images.length };
      const selection = await this.selections.find(target, index, { values, range });
      images.push(...(await this.targets.page(target.id, index, selection, page)));
      total += sizeOf(selection);
    }
    const shown = images.map((image) => ({ ...shownImage(image), value: valueOf(image) }));
    return { images: fitting(shown, ({ value }) => 200 + largestValue(value)), total, revision, unchanged: false };
  }

  /** Returns the value of an image if all of its rows with a value agree. */
  async ofImage(
    workspace: string,
    { projectId, imageId }: Requests['ofImage'],
  ): Promise<{ value: TargetValue | null }> {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    const { target } = modeling ?? {};
    const image = target?.ready ? await this.targets.findAgreed(target.id, imageId) : null;
    return { value: image && valueOf(image) };
  }

  /** Throws as `images`. */
  async bins(workspace: string, { projectId, column, ...page }: Requests['bins']): Promise<BinsPage> {
    const { modeling, target } = await this.find(workspace, projectId);
    const [found] = imageColumnsOf(modeling, column);
    const { bins, total } = await this.targets.pageOfBins(target.id, found?.index ?? -1, page);
    const shown = bins.map(({ bin: { label, start, end, rows }, cover }) => ({
      label,
      start,
      end,
      rows,
      cover: cover && shownImage(cover),
    }));
    return { bins: fitting(shown, ({ label }) => 300 + largestText(label ?? '')), total };
  }

  private async find(
    workspace: string,
    projectId: string,
  ): Promise<{ modeling: ModelingDocument; target: TargetRecord }> {
    const modeling = await this.modelings.findOpened(workspace, projectId);
    if (modeling?.target?.ready) return { modeling, target: modeling.target };
    // NOT_FOUND if there is no such project.
    if (!modeling) await this.live.columns(projectId);
    throw new DomainError('FAILED_PRECONDITION', 'The project has no target yet.');
  }
}

function checkFilter({ type }: TargetRecord, { values, range }: TargetFilter): void {
  const refusal =
    values && range
      ? 'Ask for a value or for a range, and not for both.'
      : range && type !== 'regression'
        ? 'Only targets that are numbers have ranges.'
        : values && type === 'regression'
          ? 'The target is a number: ask for a range instead of a value.'
          : values && values.length > 1 && type !== 'multilabel'
            ? 'Each row has one value: ask for one.'
            : range && range.start > range.end
              ? 'The start of the range is above its end.'
              : undefined;
  if (refusal !== undefined) throw new DomainError('INVALID_ARGUMENT', refusal);
}

function valueOf({ label, labels, number }: ShownTargetImage): TargetValue {
  return number ?? labels ?? label ?? '';
}

function shownImage({ image, width, height }: ShownTargetImage) {
  return { imageId: image.toHexString(), width, height };
}

function largestValue(value: TargetValue): number {
  if (typeof value === 'number') return 30;
  return [value].flat().reduce((sum, text) => sum + 10 + largestText(text), 0);
}
