import type { ArrivalStatus } from '@pentaprism/domain';

/** What v3 calls what became of an image. */
export const V3_STATUSES = {
  added: 'OK',
  duplicate: 'OKDuplicate',
  'source-error': 'ErrorSource',
  'too-many-bytes': 'ErrorImageSize',
  undecodable: 'ErrorImageFormat',
  'bad-dimensions': 'ErrorImageDimensions',
  'unknown-tag': 'ErrorInvalidTag',
  'conflicting-tags': 'ErrorNegativeAndRegularTagOnSameImage',
  'too-many-tags': 'ErrorTagLimitExceed',
  'too-many-images': 'ErrorLimitExceed',
  'storage-error': 'ErrorStorage',
  failed: 'ErrorUnknown',
} as const satisfies Record<ArrivalStatus, string>;
export type V3Status = (typeof V3_STATUSES)[ArrivalStatus];

/** The nine that v1.2 knows; what came later is the nearest of them. */
export const V1_STATUSES = {
  OK: 'OK',
  OKDuplicate: 'OKDuplicate',
  ErrorSource: 'ErrorSource',
  ErrorImageSize: 'ErrorImageSize',
  ErrorImageFormat: 'ErrorImageFormat',
  ErrorImageDimensions: 'ErrorImageSize',
  // What the service answered before it had a name for it.
  ErrorInvalidTag: 'ErrorUnknown',
  ErrorNegativeAndRegularTagOnSameImage: 'ErrorUnknown',
  ErrorTagLimitExceed: 'ErrorTagLimitExceed',
  ErrorLimitExceed: 'ErrorLimitExceed',
  ErrorStorage: 'ErrorStorage',
  ErrorUnknown: 'ErrorUnknown',
} as const satisfies Record<V3Status, string>;
