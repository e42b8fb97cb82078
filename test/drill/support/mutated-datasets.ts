import type { Random } from '@pentaprism/domain';
import { strToU8, zipSync, type Zippable } from 'fflate';
import { pick, wholeWithin } from '../drill.js';
import { pictures } from './dataset-files.js';
import { mutated } from './mutations.js';

/** An upload in which something is wrong. */
export interface MutatedFile {
  readonly title: string;
  readonly fileName: string;
  readonly bytes: Buffer;
}

/** A part of a file: from, to. */
type Zone = readonly [number, number];
type Encode = (text: string) => Buffer;

const PICTURES = 6;
/** Signatures of a zip archive. */
const [LOCAL, CENTRAL, END] = [0x04034b50, 0x02014b50, 0x06054b50];
/** Bytes of these records without names. */
const [LOCAL_SIZE, CENTRAL_SIZE, END_SIZE] = [30, 46, 22];
const NUMBERS: readonly number[] = [0, 1, 2, 8, 0x7f, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
/** Pieces of text that mean something in tables. */
const PIECES: readonly string[] = [
  ...[
    '"',
    '""',
    ',',
    ';',
    '\t',
    '|',
    '\n',
    '\r',
    '\r\n',
    '\0',
    '\ufeff',
    '\u2028',
    "'",
    '\\',
    '=',
    '-',
    ' ',
    '1e999',
    'NaN',
  ],
  ...[
    'data:image/jpeg;base64,',
    'http://127.0.0.1/a.jpg',
    'file:///etc/passwd',
    '../../etc/passwd',
    '/9j/',
    'iVBORw0KGgo=',
  ],
  ...['é', '\ud800', '𝟜', '__proto__', 'image', 'x'.repeat(70_000), ','.repeat(3000), '"\n'.repeat(2000)],
];
const utf16be: Encode = (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
const ENCODINGS: readonly (readonly [string, Encode])[] = [
  ['UTF-8', (text) => Buffer.from(text)],
  ['UTF-8 with a mark', (text) => Buffer.from(`\ufeff${text}`)],
  ['UTF-16LE', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16LE without a mark', (text) => Buffer.from(text, 'utf16le')],
  ['UTF-16BE', utf16be],
  ['UTF-16BE of an odd length', (text) => utf16be(text).subarray(1)],
  ['Latin-1', (text) => Buffer.from(text, 'latin1')],
  ['two encodings', (text) => Buffer.concat([Buffer.from(text), Buffer.from(text, 'utf16le')])],
];

/** Archives and tables with accidents in their bytes, drawn one after another. */
export class MutatedDatasets {
  private constructor(
    private readonly random: Random,
    private readonly archives: readonly Buffer[],
    private readonly table: string,
  ) {}

  static async create(random: Random, seed: string): Promise<MutatedDatasets> {
    const files = await pictures(seed, PICTURES);
    const inFolders: Zippable = Object.fromEntries(files.map((bytes, i) => [`pets/c${i % 2}/é${i}.jpg`, bytes]));
    const names = files.map((bytes, i) => [`${i}.jpg`, bytes] as const);
    const list = strToU8(`photo,n\n${names.map(([name], i) => `${name},${i}`).join('\n')}\n`);
    const inTable: Zippable = { 'list.csv': list, ...Object.fromEntries(names) };
    const zips = [inFolders, inTable].flatMap((each) => [zipSync(each, { level: 0 }), zipSync(each, { level: 6 })]);
    const rows = files.map((bytes, i) => `${i},"c${i % 2}, ""é""",${bytes.toString('base64')}`);
    return new MutatedDatasets(random, zips.map(Buffer.from), `id,label,photo\r\n${rows.join('\r\n')}\r\n`);
  }

  /** A file without an accident. */
  get whole(): Buffer {
    return this.archives[0] as Buffer;
  }

  next(): MutatedFile {
    return pick<() => MutatedFile>(this.random, [
      () => this.mutatedZone('central directory', 'a.zip', recordsOf(CENTRAL, CENTRAL_SIZE)),
      () => this.mutatedZone('end of the directory', 'a.zip', recordsOf(END, END_SIZE)),
      () => this.mutatedZone('local header', 'a.zip', recordsOf(LOCAL, LOCAL_SIZE)),
      () => this.mutatedZone('content', 'a.zip', contentsOf),
      () => ({ title: 'archive', fileName: 'a.zip', bytes: mutated(this.random, pick(this.random, this.archives)) }),
      () => this.mutatedText(),
      () => this.mutatedText(),
      () => this.mutatedEncoding(),
    ])();
  }

  /** Changes one to three places in parts of one kind. The places of all other bytes stay as they were. */
  private mutatedZone(what: string, fileName: string, zonesOf: (bytes: Buffer) => Zone[]): MutatedFile {
    const { random } = this;
    const bytes = Buffer.from(pick(random, this.archives));
    const zones = zonesOf(bytes);
    for (let left = wholeWithin(random, 1, 3); left > 0; left--) {
      const [from, to] = pick(random, zones);
      const at = wholeWithin(random, from, to - 1);
      const value = pick(random, NUMBERS);
      const fits = (size: number) => at + size <= bytes.length;
      pick<() => unknown>(random, [
        () => bytes.writeUInt8(value & 0xff, at),
        () => bytes.writeUInt8(wholeWithin(random, 0, 255), at),
        () => fits(2) && bytes.writeUInt16LE(value & 0xffff, at),
        () => fits(4) && bytes.writeUInt32LE(value, at),
        () => bytes.fill(value & 0xff, at, Math.min(bytes.length, at + wholeWithin(random, 1, 12))),
      ])();
    }
    return { title: what, fileName, bytes };
  }

  private mutatedText(): MutatedFile {
    const text = this.withPieces();
    const [name, encode] = pick(this.random, ENCODINGS);
    return { title: `table in ${name}`, fileName: pick(this.random, ['a.csv', 'a.tsv', 'a.zip', 'a']), bytes: encode(text) }; // prettier-ignore
  }

  private mutatedEncoding(): MutatedFile {
    const [name, encode] = pick(this.random, ENCODINGS);
    return { title: `bytes of ${name}`, fileName: 'a.csv', bytes: mutated(this.random, encode(this.table)) };
  }

  private withPieces(): string {
    const { random } = this;
    let text = this.table;
    for (let left = wholeWithin(random, 1, 4); left > 0; left--) {
      const at = wholeWithin(random, 0, text.length);
      const without = wholeWithin(random, 0, 1) === 0 ? 0 : wholeWithin(random, 1, 400);
      text = text.slice(0, at) + pick(random, PIECES) + text.slice(at + without);
    }
    return text;
  }
}

/** Returns where records with this signature are. */
function recordsOf(signature: number, size: number): (bytes: Buffer) => Zone[] {
  const wanted = Buffer.alloc(4);
  wanted.writeUInt32LE(signature);
  return (bytes) => {
    const zones: Zone[] = [];
    for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + 4)) zones.push([at, at + size]);
    return zones;
  };
}

/** Returns where the bytes of files are: from the end of each local header to the next record. */
function contentsOf(bytes: Buffer): Zone[] {
  const starts = recordsOf(LOCAL, LOCAL_SIZE)(bytes).map(([, end]) => end);
  const [[directory] = [bytes.length]] = recordsOf(CENTRAL, CENTRAL_SIZE)(bytes);
  const ends = [...starts.slice(1).map((start) => start - LOCAL_SIZE), directory];
  return starts.map((start, i): Zone => [start, ends[i] ?? bytes.length]);
}
