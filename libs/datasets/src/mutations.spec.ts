import { describe, expect, it } from '@jest/globals';
import { createRandom, DomainError } from '@pentaprism/domain';
import { base64, bufferSource, image, signal } from './dataset.fixture.js';
import { findingLine } from './finding.js';
import { openDataset } from './open-dataset.js';
import { zipOf } from './zip.fixture.js';

const MUTANTS = 120;
/** Milliseconds for one mutant. A loaded machine takes 20 for one that is read to its end. */
const MAX_TIME = 5_000;
/** Bytes that a mutant may add to the memory, of which some is garbage. */
const MAX_GROWTH = 200 * 1024 ** 2;

const pictures = Array.from({ length: 6 }, (_, index) => ({
  name: `c${index % 2}/${index}.png`,
  data: image(`${index}`),
}));
const rows = Array.from(
  { length: 40 },
  (_, index) => `${index},"c${index % 3}, ""x""",${base64(`${index}`)},é${index}`,
);
const table = `id,label,image,note\r\n${rows.join('\r\n')}\r\n`;

const ORIGINALS: [string, Buffer][] = [
  ['an archive of class folders', zipOf([...pictures, { name: 'README', data: 'text' }])],
  ['an archive of Zip64', zipOf(pictures, { zip64: true })],
  [
    'an archive with a table',
    zipOf([{ name: 't.csv', data: `f,n\n${pictures.map(({ name }) => `${name},1`).join('\n')}` }, ...pictures]),
  ],
  ['a table in UTF-8', Buffer.from(table)],
  ['a table in UTF-16', Buffer.from(`\ufeff${table}`, 'utf16le')],
];

/** Bytes that mean something in archives and tables. */
const SPECIAL = [0, 1, 0x22, 0x2c, 0x0a, 0x0d, 0x50, 0x4b, 0x2e, 0x2f, 0x5c, 0x7f, 0x80, 0xfe, 0xff];

function mutant(original: Buffer, random: () => number): Buffer {
  let bytes = Buffer.from(original);
  const below = (limit: number) => Math.floor(random() * limit);
  for (let changes = 1 + below(6); changes > 0; changes--) {
    const at = below(bytes.length);
    const length = below(64);
    const kind = below(5);
    if (kind <= 1) bytes[at] = kind === 0 ? below(256) : (SPECIAL[below(SPECIAL.length)] ?? 0);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    else bytes.fill(SPECIAL[below(SPECIAL.length)] ?? 0, at, Math.min(bytes.length, at + below(9)));
    if (bytes.length < 30) return bytes;
  }
  return below(10) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
}

/** Reads an upload to its end. Returns the lines of its findings, or the message of its refusal. */
async function outcome(bytes: Buffer): Promise<string[]> {
  const lines: string[] = [];
  try {
    const dataset = await openDataset(bufferSource(bytes), { signal });
    const { columns, findings } = await dataset.survey({ signal });
    lines.push(...findings.map(findingLine));
    const plain = dataset.values(columns, { after: 0, signal });
    for await (const { number, values, images } of dataset.rows(columns, { after: 0, signal })) {
      expect((await plain.next()).value).toEqual({ number, values });
      expect(values).toHaveLength(columns.length);
      for (const cell of images) {
        if (cell.kind === 'bytes') expect(await cell.open()).toHaveLength(cell.size);
        if (cell.kind === 'none') lines.push(findingLine(cell.finding));
      }
    }
  } catch (error) {
    if (!DomainError.is(error, 'INVALID_ARGUMENT')) throw error;
    lines.push(error.message);
  }
  return lines;
}

describe('mutated uploads', () => {
  it.each(ORIGINALS)('are read or refused with one line, from %s', async (what, original) => {
    expect(await outcome(original)).toHaveLength(what.includes('class folders') ? 1 : 0);
    const before = process.memoryUsage().rss;
    for (let seed = 0; seed < MUTANTS; seed++) {
      const bytes = mutant(original, createRandom(`${what}:${seed}`));
      const started = performance.now();
      const lines = await outcome(bytes).catch((error: unknown) => {
        throw new Error(`Seed ${seed}`, { cause: error });
      });
      expect(lines.filter((line) => /[\r\n]/.test(line))).toEqual([]);
      expect(performance.now() - started).toBeLessThan(MAX_TIME);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(MAX_GROWTH);
  });
});
