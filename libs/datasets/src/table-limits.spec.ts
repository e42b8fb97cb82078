import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { base64, open, signal, surveyOf } from './dataset.fixture.js';
import { DATASET_LIMITS } from './limits.js';
import { openDataset } from './open-dataset.js';

const MiB = 1024 ** 2;
const refused = (message: string) => ({ code: 'INVALID_ARGUMENT', message });

describe('limits of tables', () => {
  it('are those of the domain', () => {
    expect(DATASET_LIMITS).toMatchObject({ rows: 1_000_000, columns: 1_000, images: 100_000, addresses: 10_000 });
    expect(DATASET_LIMITS).toMatchObject({ cellBytes: 20 * MiB, headerBytes: MiB });
  });

  it('refuse 1,001 columns and accept 1,000', async () => {
    const table = (columns: number) => `${Array.from({ length: columns }, (_, index) => `c${index}`).join(',')}\n1\n`;
    await expect(open(table(1_001))).rejects.toMatchObject(
      refused('The table has 1,001 columns; at most 1,000 are allowed. Leave some out.'),
    );
    expect((await surveyOf(table(1_000))).columns).toHaveLength(1_000);
  });

  it('refuse a cell of 21 MiB, in quotes or not', async () => {
    const cell = 'A'.repeat(21 * MiB);
    await expect(surveyOf(`a,b\n1,2\n1,${cell}\n`)).rejects.toMatchObject(
      refused('A cell of row 2 has more than 20 MiB; at most that is allowed.'),
    );
    await expect(surveyOf(`a,b\n1,2\n1,"${cell}"\n`)).rejects.toMatchObject(
      refused(
        'A cell of row 2 has more than 20 MiB; at most that is allowed. Check that the quote opened in line 3 is closed.',
      ),
    );
  });

  it('count the bytes of a cell and not its characters', async () => {
    await expect(surveyOf('a,b\n1,éééé\n', { cellBytes: 7 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await surveyOf('a,b\n1,éééé\n', { cellBytes: 8 })).toMatchObject({ rowCount: 1 });
  });

  it('refuse a header line of more than 1 MiB', async () => {
    const message = 'The header line of the table has more than 1 MiB. Shorten the column names.';
    for (const start of ['', '"']) {
      await expect(open(`a,${start}${'b'.repeat(2 * MiB)}\n`)).rejects.toMatchObject(refused(message));
    }
  });

  it('refuse a long name of a column', async () => {
    await expect(open(`a,${'b'.repeat(256)}\n1,2\n`)).rejects.toMatchObject({
      message: expect.stringContaining('has 256 characters; at most 255 are allowed'),
    });
  });

  it('refuse too many rows, images and addresses with their number', async () => {
    await expect(surveyOf('a\n1\n2\n3\n', { rows: 2 })).rejects.toMatchObject(
      refused('The table has more than 2 rows; at most that are allowed. Split it.'),
    );
    await expect(surveyOf(`a\n${base64('1')}\n${base64('2')}\n`, { images: 1 })).rejects.toMatchObject(
      refused('The table has 2 images; at most 1 are allowed. Split it.'),
    );
    const addresses = 'a\nhttp://x.example/1.png\nhttp://x.example/2.png\n';
    await expect(surveyOf(addresses, { addresses: 1 })).rejects.toMatchObject({
      message: expect.stringContaining('The table has 2 addresses of images; at most 1 are allowed.'),
    });
  });

  it('count findings of a kind that are left out', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => (index % 10 === 0 ? 'x' : index));
    const survey = await surveyOf(`n\n${rows.join('\n')}\n`, { findingsPerKind: 4 });
    expect(survey.findings).toHaveLength(4);
    expect(survey.omitted).toEqual({ 'mistyped-number': 6 });
  });

  it('keep memory bounded while a quote is never closed', async () => {
    const block = Buffer.alloc(MiB, 'a');
    let sent = 0;
    const endless = async function* () {
      yield await Promise.resolve(Buffer.from('a,b\n1,"'));
      for (; sent < 5_000; sent++) yield block;
    };
    const source = {
      size: 5_000 * MiB,
      read: () => Promise.resolve(Buffer.from('a,b\n1,"')),
      stream: () => Promise.resolve(Readable.from(endless())),
    };
    const dataset = await openDataset(source, { signal });
    await expect(dataset.survey({ signal })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(sent).toBeLessThan(100);
  });
});
