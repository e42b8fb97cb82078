import type { ColumnType } from '@pentaprism/domain';
import type { ColumnProfile } from './column-profile.js';
import { isNamedLikeImages } from './image-cells.js';

/** Share of the values that must be images, or addresses in a column that is named like images. */
const IMAGE_SHARE = 0.5;
/** Share of the values that must be numbers. The others are mistyped. */
const NUMERIC_SHARE = 0.8;
/** Average of characters from which on values are text and not categories. */
const TEXT_LENGTH = 64;
/** Average of words from which on values are text, if more than a share of them are different. */
const TEXT_WORDS = 5;
const TEXT_UNIQUE_SHARE = 0.2;
/** Rows from which on a category in each row is an identifier. */
const IDENTIFIER_ROWS = 20;

/**
 * Returns the type of a column.
 *
 * - Image: at least half of the values name files of the archive, or are base64 of images, or addresses whose path ends
 *   like an image. Or at least half are addresses, and the column is named like images, such as `image_url`.
 * - Numeric: at least four fifths are numbers.
 * - Boolean, Date, Multicategorical: all values are.
 * - Text: values are long, or have many words and are mostly different. Categorical: anything else.
 */
export function columnType(name: string, profile: ColumnProfile): ColumnType {
  const { values, entries, imageTexts, imageAddresses, addresses } = profile;
  if (values === 0) return 'Categorical';
  if (entries + imageTexts + imageAddresses >= values * IMAGE_SHARE) return 'Image';
  if (addresses >= values * IMAGE_SHARE && isNamedLikeImages(name)) return 'Image';
  if (profile.numbers >= values * NUMERIC_SHARE) return 'Numeric';
  if (profile.booleans === values) return 'Boolean';
  if (profile.dates === values) return 'Date';
  if (profile.labelLists === values) return 'Multicategorical';
  return isText(profile) ? 'Text' : 'Categorical';
}

function isText({ values, length, words, unique }: ColumnProfile): boolean {
  if (length >= values * TEXT_LENGTH) return true;
  return words >= values * TEXT_WORDS && unique.count > values * TEXT_UNIQUE_SHARE;
}

/** Returns whether no model can learn from the column. */
export function isLowInformation(type: ColumnType, { values, unique }: ColumnProfile): boolean {
  if (type === 'Image') return values === 0;
  return unique.count < 2 || (type === 'Categorical' && values >= IDENTIFIER_ROWS && unique.count === values);
}
