import type { Bus } from '@pentaprism/bus';
import { MAX_IMAGES_PER_DATASET_PAGE, targetContracts, type ResponseOf } from '@pentaprism/contracts';

export type RowImage = ResponseOf<typeof targetContracts.rowImages>['images'][number];

/** Reads the images of all rows of a project page by page, in the order of rows. */
export async function* rowImagesOf(bus: Bus, projectId: string, signal: AbortSignal): AsyncGenerator<RowImage, void> {
  let after: { row: number; column: number } | undefined;
  for (;;) {
    signal.throwIfAborted();
    const page = { projectId, after, limit: MAX_IMAGES_PER_DATASET_PAGE };
    const { images } = await bus.call(targetContracts.rowImages, page);
    yield* images;
    const last = images.at(-1);
    if (!last) return;
    after = { row: last.row, column: last.column };
  }
}
