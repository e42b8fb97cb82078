import { DomainError, sniffMediaType, SNIFF_LENGTH } from '@pentaprism/domain';
import { sharp } from './configured-sharp.js';
import { readJpegStructure } from './jpeg-structure.js';
import { MAX_JPEG_PIXELS } from './limits.js';
import { cutOff, type UndecodableReason } from './undecodable.js';

/** Side of the copy by which the decoded part of a JPEG is estimated. */
const SIDE = 256;
/** The marker of frames whose scans each cover the whole image. */
const PROGRESSIVE = 0xc2;

/**
 * Returns the error for an image that could not be decoded: a more specific one if the file ends before the image does. Decoders
 * report a file that was cut off as any other damage.
 */
export async function explainDamage(error: unknown, bytes: Uint8Array): Promise<unknown> {
  const isDamaged = DomainError.is(error, 'UNDECODABLE_IMAGE') && error.details['reason'] === REASON;
  if (!isDamaged) return error;
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (sniffMediaType(file.subarray(0, SNIFF_LENGTH))) {
    case 'image/jpeg':
      return explainJpeg(file, error);
    case 'image/png':
      return hasPngEnd(file) ? error : cutOff(undefined, error);
    case 'image/webp':
      return shorterThan(file, file.length >= 8 ? file.readUInt32LE(4) + 8 : 0, error);
    case 'image/bmp':
      return shorterThan(file, file.length >= 6 ? file.readUInt32LE(2) : 0, error);
    default:
      return error;
  }
}

const REASON: UndecodableReason = 'damaged';

async function explainJpeg(file: Buffer, error: DomainError): Promise<DomainError> {
  const { frame, hasEnd } = readJpegStructure(file, true);
  if (hasEnd) return error;
  return cutOff(frame?.marker === PROGRESSIVE ? undefined : await decodedPart(file), error);
}

function shorterThan(file: Buffer, announced: number, error: DomainError): DomainError {
  return file.length < announced ? cutOff(file.length / announced, error) : error;
}

/** Whether the chunks of a PNG lead to its last one within the file. */
function hasPngEnd(file: Buffer): boolean {
  for (let at = 8; at + 12 <= file.length;) {
    if (file.toString('latin1', at + 4, at + 8) === 'IEND') return true;
    at += 12 + file.readUInt32BE(at);
  }
  return false;
}

/** Returns the part of a JPEG that can be decoded, from 0 to 1. libjpeg repeats one color below it. */
async function decodedPart(file: Buffer): Promise<number | undefined> {
  try {
    const options = { failOn: 'none', limitInputPixels: MAX_JPEG_PIXELS } as const;
    const { data, info } = await sharp(file, options)
      .resize(SIDE, SIDE, { fit: 'inside', withoutEnlargement: true })
      .raw()
      .toBuffer({ resolveWithObject: true });
    const stride = info.width * info.channels;
    const last = data.subarray(data.length - stride);
    let row = info.height - 1;
    while (row > 0 && data.subarray((row - 1) * stride, row * stride).equals(last)) row -= 1;
    return row === info.height - 1 ? undefined : row / info.height;
  } catch {
    return undefined;
  }
}
