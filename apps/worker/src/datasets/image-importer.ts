import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { inLanes } from '@pentaprism/concurrency';
import {
  contentContracts,
  datasetContracts,
  holderOfDataset,
  MAX_IMAGE_LABEL_LENGTH,
  type analyseContent,
  type ContentReference,
  type DatasetImage,
  type Finding,
  type JobResult,
} from '@pentaprism/contracts';
import type { ImageCell } from '@pentaprism/datasets';
import {
  DATASET_ADDRESSES_AT_ONCE,
  DomainError,
  MAX_DATASET_IMAGE_BYTES,
  qualityFindings,
  sniffMediaType,
  type ImageQuality,
} from '@pentaprism/domain';
import { BLOB_STORE } from '@pentaprism/service';
import { analyseStored, orUndecodable } from '../handlers/analysis-result.js';
import type { SharedPool } from '../shared-pool.js';
import { CONCURRENCY, DECODE_POOL } from '../tokens.js';
import { cut } from './shortened.js';
import { findingOfUndecodable } from './undecodable-finding.js';

type Analysed = JobResult<typeof analyseContent>;
type Decoded = Extract<Analysed, { state: 'decoded' }>;

/** An image cell with its place. */
export interface PlacedCell {
  readonly row: number;
  /** The name of its column. */
  readonly columnName: string;
  readonly cell: ImageCell;
}

export interface ImportedImages {
  readonly images: DatasetImage[];
  readonly findings: Finding[];
}

/** A cell whose bytes are in the blob store. */
interface StoredCell extends PlacedCell {
  readonly label: string | null;
  readonly content: ContentReference;
}

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly quality?: ImageQuality | undefined;
}

export interface ImportOptions {
  readonly workspace: string;
  readonly datasetId: string;
  readonly signal: AbortSignal;
}

/** Stores the images of a dataset, decodes those that are new to the workspace, and finds what is wrong with them. */
@Injectable()
export class ImageImporter {
  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) readonly blobs: BlobStore,
    @Inject(DECODE_POOL) readonly pool: SharedPool,
    @Inject(CONCURRENCY) private readonly lanes: number,
  ) {}

  /**
   * Imports the images of a batch. The catalog holds the contents of all images that are returned. Damaged images and
   * addresses that cannot be fetched are findings.
   */
  async import(cells: readonly PlacedCell[], options: ImportOptions): Promise<ImportedImages> {
    const findings: Finding[] = [];
    const stored = await this.store(cells, options, findings);
    const pictures = await this.hold(stored, options, findings);
    const images = stored.flatMap(({ row, columnName, cell, label, content: { sha256, size } }) => {
      const picture = pictures.get(sha256);
      if (!picture) return [];
      for (const { kind, message } of qualityFindings(picture))
        findings.push({ kind, row, column: columnName, file: label, message });
      return { row, column: cell.column, label: label && cut(label, MAX_IMAGE_LABEL_LENGTH), sha256, size };
    });
    return { images, findings };
  }

  private async store(
    cells: readonly PlacedCell[],
    options: ImportOptions,
    findings: Finding[],
  ): Promise<StoredCell[]> {
    const stored: (StoredCell | undefined)[] = [];
    const put = (placed: PlacedCell, i: number) =>
      this.storeCell(placed, options).then((result) => {
        if ('kind' in result) findings.push(result);
        else stored[i] = result;
      });
    const indexed = cells.map((placed, i) => ({ placed, i }));
    const isAddress = ({ placed }: { placed: PlacedCell }) => placed.cell.kind === 'address';
    const { signal } = options;
    await inLanes(indexed.filter(isAddress), { lanes: DATASET_ADDRESSES_AT_ONCE, signal }, ({ placed, i }) =>
      put(placed, i),
    );
    await inLanes(
      indexed.filter((each) => !isAddress(each)),
      { lanes: this.lanes, signal },
      ({ placed, i }) => put(placed, i),
    );
    return stored.filter((each) => each !== undefined);
  }

  private async storeCell(placed: PlacedCell, options: ImportOptions): Promise<StoredCell | Finding> {
    const { cell, row, columnName } = placed;
    if (cell.kind === 'none') return cell.finding;
    const label = cell.kind === 'address' ? cell.address : cell.name;
    const place = { row, column: columnName, file: label };
    try {
      return { ...placed, label, content: await this.contentOf(cell, options) };
    } catch (error) {
      if (!DomainError.is(error)) throw error;
      if (cell.kind === 'address' && LOST_ADDRESSES.has(error.code))
        return { kind: 'unreachable-address', ...place, message: 'the image cannot be fetched from this address' };
      if (error.code === 'PAYLOAD_TOO_LARGE')
        return { kind: 'too-large', ...place, message: `the file has more than ${MAX_DATASET_IMAGE_BYTES} bytes` };
      // An entry of an archive that was damaged after the survey.
      if (cell.kind === 'bytes' && error.code === 'INVALID_ARGUMENT')
        return { kind: 'unreadable', ...place, message: 'the file cannot be read from the archive' };
      throw error;
    }
  }

  private async contentOf(
    cell: Exclude<ImageCell, { kind: 'none' }>,
    { workspace, datasetId, signal }: ImportOptions,
  ): Promise<ContentReference> {
    if (cell.kind === 'address') return this.bus.call(datasetContracts.fetchImage, { datasetId, url: cell.address });
    const bytes = await cell.open();
    const { sha256, size, head } = await this.blobs.put('originals', workspace, bytes, {
      maxBytes: MAX_DATASET_IMAGE_BYTES,
      signal,
    });
    return { sha256, size, mediaType: sniffMediaType(head) };
  }

  /** Has the catalog hold what can be decoded. Returns the pictures by their hash. */
  private async hold(
    stored: readonly StoredCell[],
    options: ImportOptions,
    findings: Finding[],
  ): Promise<Map<string, Picture>> {
    const pictures = new Map<string, Picture>();
    const contents = [...new Map(stored.map(({ content }) => [content.sha256, content])).values()];
    if (contents.length === 0) return pictures;
    const { contents: known } = await this.bus.call(contentContracts.known, {
      hashes: contents.map(({ sha256 }) => sha256),
    });
    // Contents that an earlier version analysed have not been measured.
    for (const { sha256, ...picture } of known) if (picture.quality) pictures.set(sha256, picture);
    const analyses = await this.analyse(
      contents.filter(({ sha256 }) => !pictures.has(sha256)),
      options,
    );
    for (const [sha256, analysis] of analyses) if (analysis.state === 'decoded') pictures.set(sha256, analysis);
    for (const { row, columnName, label, content } of stored) {
      const analysis = analyses.get(content.sha256);
      if (analysis?.state === 'undecodable')
        findings.push({
          ...findingOfUndecodable(analysis.reason, analysis.code),
          row,
          column: columnName,
          file: label,
        });
    }
    await this.holdAll(contents, pictures, analyses, options);
    return pictures;
  }

  private async holdAll(
    contents: readonly ContentReference[],
    pictures: ReadonlyMap<string, Picture>,
    analyses: ReadonlyMap<string, Analysed>,
    options: ImportOptions,
  ): Promise<void> {
    const holder = holderOfDataset(options.datasetId);
    const decodable = contents.filter(({ sha256 }) => pictures.has(sha256));
    const rejected = contents.filter(({ sha256 }) => !pictures.has(sha256));
    if (rejected.length > 0) await this.bus.call(contentContracts.discard, { contents: rejected });
    if (decodable.length === 0) return;
    const request = decodable.map((content) => ({ content, analysis: decodedOf(analyses, content.sha256) }));
    const { unknown } = await this.bus.call(contentContracts.hold, { holder, contents: request });
    if (unknown.length === 0) return;
    // Contents that were removed after the catalog had returned them.
    const lost = decodable.filter(({ sha256 }) => unknown.includes(sha256));
    const again = await this.analyse(lost, options);
    const held = lost.map((content) => ({ content, analysis: decodedOf(again, content.sha256) }));
    const { unknown: left } = await this.bus.call(contentContracts.hold, { holder, contents: held });
    if (left.length > 0) throw new DomainError('UNAVAILABLE', 'Images were removed while they were imported.');
  }

  private async analyse(
    contents: readonly ContentReference[],
    { workspace, signal }: ImportOptions,
  ): Promise<Map<string, Analysed>> {
    const found = new Map<string, Analysed>();
    await inLanes(contents, { lanes: this.lanes, signal }, async ({ sha256 }) => {
      found.set(sha256, await orUndecodable(analyseStored(this, { workspace, sha256 }, signal)));
    });
    return found;
  }
}

/** Errors of an address that end with a finding. Others, such as a full disk, end the attempt. */
const LOST_ADDRESSES: ReadonlySet<string> = new Set(['UPSTREAM_FAILED', 'INVALID_ARGUMENT']);

function decodedOf(analyses: ReadonlyMap<string, Analysed>, sha256: string): Decoded | null {
  const analysis = analyses.get(sha256);
  return analysis?.state === 'decoded' ? analysis : null;
}
