import { describe, expect, it } from '@jest/globals';
import { tmpdir } from 'node:os';
import { RecordSpace } from './record-space.js';

const MORE_THAN_ANY_DISK = 2 ** 50;
const full = () => new RecordSpace({ RECORDS_DIRECTORY: tmpdir(), RECORDS_MIN_FREE: MORE_THAN_ANY_DISK });

describe('RecordSpace', () => {
  it.each(['POST', 'PUT', 'PATCH'])(
    'refuses a %s that writes while there is less space than the floor',
    async (method) => {
      await expect(full().require(method, 'editor')).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    },
  );

  it('lets reads and deletions through, whatever their method', async () => {
    await full().require('GET', 'reader');
    await full().require('POST', 'reader');
    await full().require('DELETE', 'owner');
  });

  it('refuses nothing above the floor, without a floor, without a directory, and where the directory is not there', async () => {
    for (const settings of [
      { RECORDS_DIRECTORY: tmpdir(), RECORDS_MIN_FREE: 1 },
      { RECORDS_DIRECTORY: tmpdir(), RECORDS_MIN_FREE: 0 },
      { RECORDS_MIN_FREE: MORE_THAN_ANY_DISK },
      { RECORDS_DIRECTORY: '/not/there', RECORDS_MIN_FREE: MORE_THAN_ANY_DISK },
    ])
      await new RecordSpace(settings).require('POST', 'editor');
  });
});
