import { MAX_FINDINGS_PER_CALL, type datasetContracts, type ResponseOf } from '@pentaprism/contracts';
import { dispositionOf, type Paging } from '@pentaprism/http';
import { openPortions, type Portions } from './portions.js';
import { sendLines, sendPage, type Exchange } from './streams.js';
import { savedNameOf } from './wire/dataset.js';
import { toFindingBody, toLine, type LoggedFinding } from './wire/finding.js';

/** The media type of a log as a file. */
const TEXT = 'text/plain; charset=utf-8';

/** Reads a part of a data quality log, of a dataset or of a project. */
export type ReadFindings = (offset: number, limit: number) => Promise<ResponseOf<typeof datasetContracts.findings>>;

/** Answers with a page of the lines of a log. */
export async function sendLog(exchange: Exchange, link: string, paging: Paging, read: ReadFindings): Promise<void> {
  sendPage(exchange, { link, paging }, await openFindings(read, paging), toLine);
}

/** Answers with a page of a log for programs. */
export async function sendFindings(
  exchange: Exchange,
  link: string,
  paging: Paging,
  read: ReadFindings,
): Promise<void> {
  sendPage(exchange, { link, paging }, await openFindings(read, paging), toFindingBody);
}

/**
 * Answers with all lines of a log as a file.
 * @param name of the dataset or project
 */
export async function sendLogFile(exchange: Exchange, name: string, read: ReadFindings): Promise<void> {
  const opened = await openFindings(read, { offset: 0, limit: 0 });
  const disposition = dispositionOf(TEXT, savedNameOf(name, '-quality-log.txt'));
  void exchange.reply.header('Content-Disposition', disposition);
  sendLines(exchange, TEXT, opened, toLine);
}

function openFindings(read: ReadFindings, paging: Paging): Promise<Portions<LoggedFinding>> {
  const readItems = async (offset: number, limit: number) => {
    const { findings, total } = await read(offset, limit);
    return { items: findings, total };
  };
  return openPortions(readItems, paging, MAX_FINDINGS_PER_CALL);
}
