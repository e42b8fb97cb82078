import { describe, expect, it } from '@jest/globals';
import { FINDING_KINDS } from './dataset.js';
import {
  MAX_BRIGHT_CONTRAST,
  MAX_DARK_CONTRAST,
  MAX_DARK_HIGHLIGHTS,
  MIN_BRIGHT_SHADOWS,
  MIN_CONTRAST,
  MIN_ENTROPY,
  MIN_SHARPNESS,
  qualityFindings,
  type ImageQuality,
} from './image-quality.js';

const GOOD: ImageQuality = { sharpness: 1.8, shadows: 0.1, highlights: 0.9, contrast: 0.2, entropy: 7 };
const FLAT = MAX_BRIGHT_CONTRAST - 0.01;
const image = (quality: Partial<ImageQuality> = {}, width = 640, height = 480) =>
  qualityFindings({ width, height, quality: { ...GOOD, ...quality } });
const kinds = (...given: Parameters<typeof image>) => image(...given).map(({ kind }) => kind);

describe('qualityFindings', () => {
  it('finds nothing about a good image, nor about one at a threshold', () => {
    expect(image()).toEqual([]);
    expect(kinds({ sharpness: MIN_SHARPNESS })).toEqual([]);
    expect(kinds({ highlights: MAX_DARK_HIGHLIGHTS, contrast: FLAT })).toEqual([]);
    expect(kinds({ shadows: MIN_BRIGHT_SHADOWS, contrast: FLAT })).toEqual([]);
    expect(kinds({ contrast: MIN_CONTRAST, entropy: MIN_ENTROPY })).toEqual([]);
    expect(kinds({}, 32, 128)).toEqual([]);
  });

  it.each<[string, Partial<ImageQuality>, [number, number], string]>([
    ['blurred', { sharpness: 0.512 }, [640, 480], 'the image is blurred (sharpness 0.51; at least 1 is recommended)'],
    [
      'too-dark',
      { highlights: 0.138, contrast: 0.05 },
      [640, 480],
      'the image is too dark (95 % of its pixels have less than 13.8 % of full brightness)',
    ],
    [
      'too-bright',
      { shadows: 0.9, contrast: 0.05 },
      [640, 480],
      'the image is too bright (95 % of its pixels have more than 90 % of full brightness)',
    ],
    [
      'low-information',
      { contrast: 0.004 },
      [640, 480],
      'the image is one flat color (it varies by 0.4 %; at least 1.2 % are recommended)',
    ],
    [
      'low-information',
      { entropy: 0.01 },
      [640, 480],
      'the image is one flat color except for a few pixels (0.01 bits of information in each; at least 0.1 are recommended)',
    ],
    [
      'low-information',
      { sharpness: 0 },
      [640, 480],
      'the image has no edges: its colors change gradually from side to side',
    ],
    ['tiny', {}, [12, 9], 'the image is tiny (12 x 9 pixels; at least 32 are recommended)'],
    [
      'odd-proportions',
      {},
      [1290, 300],
      'the image has odd proportions (1290 x 300 pixels; one side is 4.3 times the other, at most 4 are recommended)',
    ],
  ])('says in numbers that an image is %s', (kind, quality, [width, height], message) => {
    expect(image(quality, width, height)).toEqual([{ kind, message }]);
  });

  it('does not judge the brightness of drawings, nor the sharpness of what is flat or tiny', () => {
    expect(kinds({ highlights: 0, contrast: MAX_DARK_CONTRAST })).toEqual([]);
    expect(kinds({ shadows: 1, contrast: MAX_BRIGHT_CONTRAST })).toEqual([]);
    expect(kinds({ sharpness: 0, contrast: 0 })).toEqual(['low-information']);
    expect(kinds({ sharpness: 0 }, 31, 100)).toEqual(['tiny']);
  });

  it('judges the size alone of an image that was analysed by an earlier version', () => {
    expect(qualityFindings({ width: 200, height: 20 }).map(({ kind }) => kind)).toEqual(['tiny', 'odd-proportions']);
    expect(qualityFindings({ width: 200, height: 200, quality: undefined })).toEqual([]);
  });

  it('returns the worst first, in the order of the quality log', () => {
    const found = kinds({ highlights: 0.1, contrast: 0, sharpness: 0 }, 300, 20);
    expect(found).toEqual(['low-information', 'too-dark', 'tiny', 'odd-proportions']);
    const places = found.map((kind) => FINDING_KINDS.indexOf(kind));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });
});
