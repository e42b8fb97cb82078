import { DomainError } from '@pentaprism/domain';

/** Why a file was refused, in `details.reason`; for programs, as the message is for people. */
export type PngRefusalReason =
  | 'empty'
  | 'cut_short'
  | 'checksum'
  | 'chunk'
  | 'chunk_order'
  | 'header'
  | 'too_many_pixels'
  | 'image_data'
  | 'filter_type'
  | 'trailing_bytes';

/** The right format, but broken: INVALID_ARGUMENT. */
export function broken(reason: PngRefusalReason, message: string, cause?: unknown): DomainError {
  return new DomainError('INVALID_ARGUMENT', message, { reason }, { cause });
}

/** Not the format that is taken, whole or not: UNSUPPORTED_MEDIA_TYPE. */
export function unsupported(reason: 'not_png' | 'pixel_format', message: string): DomainError {
  return new DomainError('UNSUPPORTED_MEDIA_TYPE', message, { reason });
}
