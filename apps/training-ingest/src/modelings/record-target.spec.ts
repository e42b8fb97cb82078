import { describe, expect, it, jest } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { notFound } from '@pentaprism/database';
import { Types } from 'mongoose';
import type { DatasetRowsRepository } from '../datasets/dataset-rows.repository.js';
import type { DatasetRepository } from '../datasets/dataset.repository.js';
import type { ModelingRepository } from './modeling.repository.js';
import type { ProjectImageRepository } from './project-image.repository.js';
import { RecordTarget } from './record-target.usecase.js';
import type { TargetRepository } from './target.repository.js';

const BIN = { column: 1, order: 0, label: 'c', start: null, end: null, rows: 1, images: 0, firstPlace: 0, cover: null };

/** Records a bin of a target. `isGivenUp`: while it is written, the record of the project is removed. */
async function recorded({ isGivenUp }: { isGivenUp: boolean }) {
  const [project, target] = [new Types.ObjectId(), new Types.ObjectId()];
  let isThere = true;
  const modelings = {
    get: () =>
      isThere ? Promise.resolve({ _id: project, target: { id: target } }) : Promise.reject(notFound('project')),
  };
  const removeSomeOf = jest.fn<TargetRepository['removeSomeOf']>().mockResolvedValueOnce(false).mockResolvedValue(true);
  const putBins = jest.fn<TargetRepository['putBins']>(async () => void (isThere = !isGivenUp));
  const use = new RecordTarget(
    {} as Bus,
    modelings as unknown as ModelingRepository,
    {} as DatasetRepository,
    {} as DatasetRowsRepository,
    {} as ProjectImageRepository,
    { putBins, removeSomeOf } as unknown as TargetRepository,
  );
  const request = { projectId: project.toHexString(), jobId: target.toHexString(), bins: [BIN] };
  return { recording: use.recordBins('w1', request), putBins, removeSomeOf, target };
}

describe('RecordTarget', () => {
  it('removes all of what it wrote if the target was given up at the same time', async () => {
    const { recording, removeSomeOf, target } = await recorded({ isGivenUp: true });
    await expect(recording).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(removeSomeOf.mock.calls).toEqual([[target], [target]]);
  });

  it('keeps what it wrote for a target that is still there', async () => {
    const { recording, putBins, removeSomeOf, target } = await recorded({ isGivenUp: false });
    await recording;
    expect(putBins.mock.calls[0]?.[0]).toMatchObject([{ ...BIN, target }]);
    expect(removeSomeOf).not.toHaveBeenCalled();
  });
});
