import type { Metadata } from 'sharp';

/** Where the header of an ICC profile names the colors that it is for. Source: ICC.1:2022, section 7.2. */
const [COLORS_AT, COLORS_LENGTH] = [16, 4];
const PROFILE_OF: Readonly<Record<string, string>> = {
  srgb: 'RGB ',
  rgb16: 'RGB ',
  'b-w': 'GRAY',
  grey16: 'GRAY',
  cmyk: 'CMYK',
};

/**
 * Tells what to do with the color profile of a file. One for other colors than the file has would change them into wrong
 * ones, so it is ignored, as viewers do.
 */
export function colorProfileOf({ icc, space }: Pick<Metadata, 'icc' | 'space'>): 'none' | 'applied' | 'ignored' {
  if (icc === undefined) return 'none';
  const wanted = PROFILE_OF[space];
  const colors = icc.toString('latin1', COLORS_AT, COLORS_AT + COLORS_LENGTH);
  return wanted === undefined || colors === wanted ? 'applied' : 'ignored';
}
