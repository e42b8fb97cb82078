import { describe, expect, it } from '@jest/globals';
import { blobLost } from './integrity.js';

describe('blobLost', () => {
  it.each([
    ['originals', 'The stored bytes are damaged; storing the same file again repairs them.'],
    ['thumbnails', 'The stored bytes are damaged; the scrub of the blob store makes them again, if it is switched on.'],
    ['samples', 'The stored bytes are damaged; new samples have to be made.'],
    ['models', 'The stored bytes are damaged; the model has to be trained or exported again.'],
  ])('says how bytes of the area %s come back', (area, message) => {
    expect(blobLost('hash', { area })).toMatchObject({ code: 'DATA_LOSS', message, details: { fault: 'hash' } });
  });

  it('tells missing bytes from damaged ones', () => {
    expect(blobLost('missing', { area: 'samples' }).message).toMatch(/^The stored bytes are missing; new samples/);
  });
});
