import { isAscii, isUtf8 } from 'node:buffer';
import { refusal } from './refusal.js';

/** Bytes that are decoded at a time. Blocks are of equal size whatever arrives, so that each pass decodes alike. */
const BLOCK_BYTES = 256 * 1024;

type Decode = (block: Buffer) => string;

/**
 * Decodes the bytes of a table: UTF-8 and UTF-16 with or without a byte order mark. If the first block with other than
 * ASCII characters is not valid UTF-8, the table is decoded as Windows-1252, which contains Latin-1.
 */
export async function* decodeText(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  let decode: Decode | null = null;
  for await (const block of blocks(chunks)) {
    decode ??= decoderFor(block);
    const text = decode(block);
    if (text !== '') yield text;
  }
  const rest = decode?.(Buffer.alloc(0)) ?? '';
  if (rest !== '') yield rest;
}

const UTF_32_MARKS = [Buffer.from([0xff, 0xfe, 0, 0]), Buffer.from([0, 0, 0xfe, 0xff])];

function decoderFor(block: Buffer): Decode {
  if (UTF_32_MARKS.some((mark) => block.subarray(0, 4).equals(mark)))
    throw refusal('The table is encoded in UTF-32. Save it as UTF-8.');
  const utf16 = utf16Encoding(block);
  if (utf16 === null) {
    if (isBinary(block)) throw refusal('The upload is neither an archive nor a table. Upload a ZIP or CSV file.');
    return new ByteText().decode;
  }
  const decoder = new TextDecoder(utf16);
  return (bytes) => decoder.decode(bytes, { stream: bytes.length > 0 });
}

/** Bytes in which control characters are counted, and how many of them no text has. */
const BINARY_SAMPLE = 512;
const BINARY_CONTROLS = 3;

/** Returns whether bytes are not text: NUL anywhere, or several control characters at the beginning that no program writes into tables. */
function isBinary(block: Buffer): boolean {
  if (block.includes(0)) return true;
  const controls = block
    .subarray(0, BINARY_SAMPLE)
    .filter((byte) => byte < 9 || (byte > 13 && byte < 26) || byte === 127);
  return controls.length >= BINARY_CONTROLS;
}

function utf16Encoding(block: Buffer): 'utf-16le' | 'utf-16be' | null {
  if (block[0] === 0xff && block[1] === 0xfe) return 'utf-16le';
  if (block[0] === 0xfe && block[1] === 0xff) return 'utf-16be';
  // Without a mark: the header is mostly ASCII, each character of which has a zero byte.
  const zeros = [0, 0];
  const sample = block.subarray(0, Math.min(block.length & ~1, 256));
  for (const [index, byte] of sample.entries()) if (byte === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  const [high = 0, low = 0] = zeros;
  const most = sample.length / 4;
  if (sample.length < 4 || Math.max(high, low) <= most || Math.min(high, low) > most / 4) return null;
  return low > high ? 'utf-16le' : 'utf-16be';
}

/** Decodes ASCII until the first other byte, and UTF-8 or Windows-1252 from there on. */
class ByteText {
  private encoding: 'ascii' | 'utf-8' | 'windows-1252' = 'ascii';
  /** First bytes of a character of UTF-8 whose others are in the next block. */
  private rest: Buffer = Buffer.alloc(0);
  private first = true;

  readonly decode = (block: Buffer): string => {
    const bytes = this.first ? withoutMark(block) : block;
    this.first = false;
    if (this.rest.length === 0 && isAscii(bytes)) return bytes.toString('latin1');
    if (this.encoding === 'ascii') {
      this.encoding = isUtf8(bytes.subarray(0, completeUtf8(bytes))) ? 'utf-8' : 'windows-1252';
    }
    if (this.encoding === 'windows-1252') return windows1252(bytes);
    return this.utf8(bytes);
  };

  private utf8(bytes: Buffer): string {
    const joined = Buffer.concat([this.rest, bytes]);
    const end = bytes.length === 0 ? joined.length : completeUtf8(joined);
    this.rest = Buffer.from(joined.subarray(end));
    return joined.subarray(0, end).toString('utf8');
  }
}

/** What Windows-1252 has in the place of the control characters 0x80 to 0x9f of Latin-1. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** The `TextDecoder` of Node 20 decodes these bytes as Latin-1. */
function windows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (control) => WINDOWS_1252[control.charCodeAt(0) - 0x80] ?? '');
}

function withoutMark(block: Buffer): Buffer {
  return block[0] === 0xef && block[1] === 0xbb && block[2] === 0xbf ? block.subarray(3) : block;
}

/** Returns how many bytes there are before a character that the end cuts. */
function completeUtf8(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return back < length ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}

async function* blocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (size + rest.length >= BLOCK_BYTES) {
      const taken = BLOCK_BYTES - size;
      yield Buffer.concat([...parts, rest.subarray(0, taken)]);
      rest = rest.subarray(taken);
      parts = [];
      size = 0;
    }
    if (rest.length > 0) parts.push(rest);
    size += rest.length;
  }
  if (size > 0) yield Buffer.concat(parts);
}
