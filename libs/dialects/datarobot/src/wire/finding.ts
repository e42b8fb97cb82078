import type { datasetContracts, ResponseOf } from '@pentaprism/contracts';
import { FINDING_KINDS } from '@pentaprism/domain';
import { z } from 'zod';
import { pagingQuery } from './paging.js';

export type LoggedFinding = ResponseOf<typeof datasetContracts.findings>['findings'][number];

/** Everything if the client does not say. */
export const findingsQuery = z.object(pagingQuery(0));

/** A line of the log for programs. `omitted` counts findings of the kind that are not listed. */
export const findingBody = z
  .object({
    kind: z.enum(FINDING_KINDS),
    row: z.int().nullable(),
    column: z.string().nullable(),
    file: z.string().nullable(),
    message: z.string(),
    omitted: z.int().nullable(),
  })
  .meta({ id: 'DatasetFinding' });

export function toFindingBody(finding: LoggedFinding): z.output<typeof findingBody> {
  const { kind, row, column, file, omitted = null } = finding;
  return { kind, row, column: column || null, file: file || null, message: messageOf(finding), omitted };
}

/** Characters that would end a line, or move the cursor of a terminal. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

/** Formats a finding: "row 17, column image, dogs/broken.jpg: the file is cut off (ends after 41 %)". */
export function toLine(finding: LoggedFinding): string {
  const { row, column, file } = finding;
  const place = [row === null ? '' : `row ${row}`, column ? `column ${column}` : '', file ?? ''];
  const parts = [place.filter((part) => part !== '').join(', '), messageOf(finding)];
  return parts
    .filter((part) => part !== '')
    .join(': ')
    .replace(CONTROLS, ' ');
}

function messageOf({ kind, message, omitted }: LoggedFinding): string {
  return omitted === undefined ? message : `${omitted} more findings of the kind ${kind} are not listed`;
}
