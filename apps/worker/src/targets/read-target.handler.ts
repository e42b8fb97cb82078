import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import {
  MAX_FINDINGS_PER_CALL,
  MAX_TARGET_BINS_PER_CALL,
  MAX_TARGET_IMAGES_PER_CALL,
  readTarget,
  targetContracts,
  type JobPayload,
  type JobResult,
  type RequestOf,
  type ResponseOf,
} from '@pentaprism/contracts';
import { storedValues } from '@pentaprism/datasets';
import { DomainError, isSameLabel, MAX_IMAGES_PER_BATCH } from '@pentaprism/domain';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { blobByteSource } from '../datasets/blob-byte-source.js';
import { LiveRows } from './live-rows.js';
import { partsOf } from './parts.js';
import { rowImagesOf } from './row-images.js';
import { tagNamesOf } from './tag-names.js';
import { TargetFindings } from './target-findings.js';
import { binsOf, TargetImages } from './target-images.js';
import { TargetValues } from './target-values.js';

type Payload = JobPayload<typeof readTarget>;
type TargetKey = RequestOf<typeof targetContracts.begin>;
type Plan = ResponseOf<typeof targetContracts.begin>;

/** Share of the progress when the table has been read, and when the images have been recorded. */
const [READ, RECORDED] = [0.4, 0.8];

/** Reads the values of a target from the table of a project, and records which images and how many rows have each. */
@Injectable()
export class ReadTargetHandler implements JobHandler<typeof readTarget> {
  readonly type = readTarget;

  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly liveRows: LiveRows,
  ) {}

  async run({ workspace, projectId, datasetId }: Payload, control: JobControl): Promise<JobResult<typeof readTarget>> {
    const key = { projectId, jobId: control.jobId };
    if (datasetId !== undefined) await this.liveRows.import({ workspace, datasetId, ...key }, control);
    const plan = await this.bus.call(targetContracts.begin, key);
    await this.clear(key, control.signal);
    const values = await this.readValues(workspace, plan, control);
    values.requireLearnable();
    const positiveClass = positiveClassOf(plan, values);
    control.progress(READ);
    const images = new TargetImages(values);
    const findings = new TargetFindings(plan.column, values, namesOf(plan));
    for await (const image of rowImagesOf(this.bus, projectId, control.signal)) {
      images.add(image);
      findings.add(image);
    }
    for (const { index } of plan.imageColumns) await this.record(key, index, { values, images }, control.signal);
    await this.recordFindings(key, findings, control.signal);
    control.progress(RECORDED);
    await this.bus.call(targetContracts.finish, {
      ...key,
      images: images.counts(),
      positiveClass,
      findings: findings.counts(),
    });
    // Last, so that a job that fails before leaves no tags.
    if (plan.tags) await this.tag(key, { values, images }, control.signal);
    return {};
  }

  private async clear(key: TargetKey, signal: AbortSignal): Promise<void> {
    for (let left = true; left;) {
      signal.throwIfAborted();
      ({ left } = await this.bus.call(targetContracts.clear, key));
    }
  }

  private async readValues(workspace: string, plan: Plan, { signal }: JobControl): Promise<TargetValues> {
    const { type, column, rowCount, table } = plan;
    const key = { area: 'datasets', workspace, sha256: table.sha256 };
    const values = new TargetValues(type, rowCount);
    for await (const row of storedValues(blobByteSource(this.blobs, key, table.size), [column], { signal }))
      values.add(row.number, row.values[0] ?? null);
    return values;
  }

  private async record(
    key: TargetKey,
    column: number,
    { values, images }: { values: TargetValues; images: TargetImages },
    signal: AbortSignal,
  ): Promise<void> {
    const ofColumn = images.ofColumn(column);
    for (const part of partsOf(ofColumn, MAX_TARGET_IMAGES_PER_CALL)) {
      signal.throwIfAborted();
      await this.bus.call(targetContracts.recordImages, { ...key, images: part });
    }
    for (const part of partsOf(binsOf(values, column, ofColumn), MAX_TARGET_BINS_PER_CALL))
      await this.bus.call(targetContracts.recordBins, { ...key, bins: part });
  }

  private async recordFindings(key: TargetKey, findings: TargetFindings, signal: AbortSignal): Promise<void> {
    for (const part of partsOf(findings.ordered(), MAX_FINDINGS_PER_CALL)) {
      signal.throwIfAborted();
      await this.bus.call(targetContracts.recordFindings, { ...key, findings: part });
    }
  }

  /** Tags images whose rows all have the same value, so that Custom Vision shows the classes. */
  private async tag(
    key: TargetKey,
    { values, images }: { values: TargetValues; images: TargetImages },
    signal: AbortSignal,
  ): Promise<void> {
    const names = tagNamesOf(values.labels());
    const taggings = images.agreed().flatMap(({ sha256, labels }) => {
      const tags = labels.flatMap((label) => names.get(label) ?? []);
      return tags.length > 0 ? [{ sha256, tags }] : [];
    });
    for (const part of partsOf(taggings, MAX_IMAGES_PER_BATCH)) {
      signal.throwIfAborted();
      await this.bus.call(targetContracts.tagImages, { ...key, taggings: part });
    }
  }
}

function namesOf({ imageColumns }: Plan): Map<number, string> {
  return new Map(imageColumns.map(({ index, name }) => [index, name]));
}

/** Returns the class that was asked for, or the last one. Null unless the target is binary. */
function positiveClassOf({ type, positiveClass }: Plan, values: TargetValues): string | null {
  if (type !== 'binary') return null;
  const labels = values.labels();
  if (positiveClass === null) return labels.at(-1) ?? null;
  const found =
    labels.find((label) => label === positiveClass) ?? labels.find((label) => isSameLabel(label, positiveClass));
  if (found !== undefined) return found;
  throw new DomainError('INVALID_ARGUMENT', 'The positive class is not a value of the target.', {
    field: 'positiveClass',
  });
}
