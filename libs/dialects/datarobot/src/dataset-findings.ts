import type { Bus } from '@pentaprism/bus';
import { datasetContracts, MAX_FINDINGS_PER_CALL } from '@pentaprism/contracts';
import type { Paging } from '@pentaprism/http';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { LoggedFinding } from './wire/finding.js';

/** Findings of a dataset in portions, because a log may have hundreds of thousands of lines. */
export interface DatasetFindings {
  /** Findings of the whole log. */
  readonly total: number;
  readonly portions: AsyncGenerator<readonly LoggedFinding[], void>;
}

/** Reads the first portion. Throws NOT_FOUND if there is no such dataset. */
export async function openFindings(
  bus: Pick<Bus, 'call'>,
  datasetId: string,
  paging: Paging,
): Promise<DatasetFindings> {
  const { offset, limit } = paging;
  const wanted = limit === 0 ? Infinity : limit;
  // A stream reads on when its connection has room, which is outside of the context of the request.
  const within = AsyncLocalStorage.snapshot();
  const read = (done: number) => {
    const request = { datasetId, offset: offset + done, limit: Math.min(MAX_FINDINGS_PER_CALL, wanted - done) };
    return within(() => bus.call(datasetContracts.findings, request));
  };
  const first = await read(0);
  async function* portions() {
    let [done, part] = [0, first];
    for (;;) {
      yield part.findings;
      done += part.findings.length;
      if (part.findings.length === 0 || done >= wanted || offset + done >= part.total) return;
      part = await read(done);
    }
  }
  return { total: first.total, portions: portions() };
}
