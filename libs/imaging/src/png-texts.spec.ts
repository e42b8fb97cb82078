import { describe, expect, it } from '@jest/globals';
import { analyseImage } from './analyse-image.js';
import { failureOf, pngClaiming } from './fixtures.fixture.js';
import { MAX_PNG_TEXTS } from './limits.js';
import { checkTextsOfPng } from './png-texts.js';

describe('texts of a PNG', () => {
  const texts = (count: number, type: string) => {
    const whole = pngClaiming(8, 8);
    const text = Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from(type), Buffer.from('a\0\0'), Buffer.alloc(4)]);
    // Behind the signature and the header.
    return Buffer.concat([whole.subarray(0, 33), ...Array<Buffer>(count).fill(text), whole.subarray(33)]);
  };

  it.each(['zTXt', 'iTXt'])('are counted: %s', (type) => {
    expect(() => checkTextsOfPng(texts(MAX_PNG_TEXTS, type))).not.toThrow();
    expect(() => checkTextsOfPng(texts(MAX_PNG_TEXTS + 1, type))).toThrow('more than 64 texts');
  });

  it('are refused by analysis before anything is inflated', async () => {
    expect(await failureOf(analyseImage(texts(1000, 'zTXt')))).toMatchObject({
      code: 'UNDECODABLE_IMAGE',
      reason: 'too_large',
    });
  });

  it('that are not compressed are no work', () => {
    expect(() => checkTextsOfPng(texts(1000, 'tEXt'))).not.toThrow();
  });

  it('may be cut anywhere', () => {
    const whole = texts(3, 'zTXt');
    for (let length = 0; length < whole.length; length++) {
      expect(() => checkTextsOfPng(whole.subarray(0, length))).not.toThrow();
    }
  });
});
