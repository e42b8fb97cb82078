import { Injectable } from '@nestjs/common';
import { fitting, largestText } from '@pentaprism/bus';
import type { ParsedRequestOf, ResponseOf, targetContracts, TargetValue } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { LiveTables } from './live-tables.js';
import { imageColumnsOf } from './image-columns.js';
import { ModelingRepository } from './modeling.repository.js';
import type { ModelingDocument } from './modeling.schema.js';
import { TargetRepository } from './target.repository.js';
import type { TargetImageDocument, TargetRecord } from './target.schema.js';

type Requests = { [Name in keyof typeof targetContracts]: ParsedRequestOf<(typeof targetContracts)[Name]> };
type ImagesPage = ResponseOf<typeof targetContracts.images>;
type BinsPage = ResponseOf<typeof targetContracts.bins>;
type Filter = Pick<Requests['images'], 'values' | 'range'>;
interface Page {
  readonly offset: number;
  readonly limit: number;
}

/** Lists the images and bins of a project with a target. */
@Injectable()
export class ListTargetImages {
  constructor(
    private readonly modelings: ModelingRepository,
    private readonly targets: TargetRepository,
    private readonly live: LiveTables,
  ) {}

  /** Throws NOT_FOUND; FAILED_PRECONDITION without a target; INVALID_ARGUMENT for a filter that does not fit. */
  async images(workspace: string, request: Requests['images']): Promise<ImagesPage> {
    const { projectId, column, offset, limit, values, range } = request;
    const { modeling, target } = await this.find(workspace, projectId);
    checkFilter(target, { values, range });
    const images: TargetImageDocument[] = [];
    let total = 0;
    for (const { index } of imageColumnsOf(modeling, column)) {
      const page = { offset: Math.max(0, offset - total), limit: limit - images.length };
      const found = await this.ofColumn(target, index, { values, range }, page);
      images.push(...found.images);
      total += found.total;
    }
    const shown = images.map((image) => ({ ...shownImage(image), value: valueOf(image) }));
    return { images: fitting(shown, ({ value }) => 200 + largestValue(value)), total };
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

  private async ofColumn(target: TargetRecord, column: number, { values, range }: Filter, page: Page) {
    if (values && target.type === 'multilabel') return this.targets.withLabels(target.id, column, values, page);
    const count = target.images[column] ?? 0;
    if (range) return this.atPlaces(target, column, await this.placesOf(target, column, range), page);
    if (!values) return this.inOrder(target, column, count, page);
    const [label = ''] = values;
    const bin = await this.targets.findBin(target.id, column, label);
    const first = bin?.firstPlace ?? 0;
    return this.atPlaces(target, column, { first, end: first + (bin?.images ?? 0) }, page);
  }

  private async placesOf(target: TargetRecord, column: number, { start, end }: { start: number; end: number }) {
    const count = target.images[column] ?? 0;
    const [first = count, last = count] = await Promise.all(
      [start, end].map((number) => this.targets.firstPlace(target.id, column, number)),
    );
    return { first, end: Math.max(first, last) };
  }

  private async atPlaces(
    { id }: TargetRecord,
    column: number,
    { first, end }: { first: number; end: number },
    { offset, limit }: Page,
  ) {
    const page = { first: first + offset, end: Math.min(end, first + offset + limit) };
    return { images: await this.inRange(id, column, 'place', page), total: end - first };
  }

  private async inOrder({ id }: TargetRecord, column: number, total: number, { offset, limit }: Page) {
    return { images: await this.inRange(id, column, 'position', { first: offset, end: offset + limit }), total };
  }

  private async inRange(...[id, column, by, range]: Parameters<TargetRepository['inRange']>) {
    return range.first < range.end ? this.targets.inRange(id, column, by, range) : [];
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

function checkFilter({ type }: TargetRecord, { values, range }: Filter): void {
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

function valueOf({ label, labels, number }: TargetImageDocument): TargetValue {
  return number ?? labels ?? label ?? '';
}

function shownImage({ image, width, height }: TargetImageDocument) {
  return { imageId: image.toHexString(), width, height };
}

function largestValue(value: TargetValue): number {
  if (typeof value === 'number') return 30;
  return [value].flat().reduce((sum, text) => sum + 10 + largestText(text), 0);
}
