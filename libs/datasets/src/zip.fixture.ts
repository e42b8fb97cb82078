import { crc32, deflateRawSync } from 'node:zlib';

/** A file of a crafted archive. What is left out is right; what is given may be a lie. */
export interface ZipFile {
  name: string | Buffer;
  data?: Buffer | string;
  stored?: boolean;
  method?: number;
  flags?: number;
  /** External attributes: a Unix mode in the upper half. */
  mode?: number;
  crc?: number;
  size?: number;
  compressedSize?: number;
  /** Offset of the local header that the directory claims. */
  offset?: number;
  localName?: string;
  localExtra?: Buffer;
  /** Length of the extra fields that the local header claims. */
  localExtraLength?: number;
  extra?: Buffer;
}

interface ZipLies {
  /** Number of entries that the end record claims. */
  count?: number;
  /** Adds the end record of Zip64, which counts beyond 65,535. */
  zip64?: boolean;
  /** Bytes before the archive that its offsets count. */
  shift?: number;
}

/** Returns an archive of these files, made by hand. */
export function zipOf(files: readonly ZipFile[], lies: ZipLies = {}): Buffer {
  const locals: Buffer[] = [];
  const records: Buffer[] = [];
  const shift = lies.shift ?? 0;
  let offset = shift;
  for (const file of files) {
    const { local, record } = entryOf(file, offset);
    locals.push(local);
    records.push(record);
    offset += local.length;
  }
  const directory = Buffer.concat(records);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  const count = Math.min(lies.count ?? files.length, 0xffff);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  const zip64 = lies.zip64 === true ? [zip64End(lies.count ?? files.length, directory.length, offset)] : [];
  return Buffer.concat([...locals, directory, ...zip64, end]);
}

function zip64End(count: number, size: number, start: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeBigUInt64LE(BigInt(count), 24);
  end.writeBigUInt64LE(BigInt(count), 32);
  end.writeBigUInt64LE(BigInt(size), 40);
  end.writeBigUInt64LE(BigInt(start), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(start + size), 64);
  end.writeUInt32LE(1, 72);
  return end;
}

function entryOf(file: ZipFile, offset: number): { local: Buffer; record: Buffer } {
  const content = Buffer.from(file.data ?? '');
  const stored = file.stored ?? content.length === 0;
  const data = stored ? content : deflateRawSync(content);
  const name = Buffer.from(file.name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(file.flags ?? 0, 2);
  common.writeUInt16LE(file.method ?? (stored ? 0 : 8), 4);
  common.writeUInt32LE(file.crc ?? crc32(content), 10);
  common.writeUInt32LE(file.compressedSize ?? data.length, 14);
  common.writeUInt32LE(file.size ?? content.length, 18);
  const record = Buffer.concat([signature(0x02014b50), Buffer.from([20, 3]), common, Buffer.alloc(14)]);
  record.writeUInt16LE(name.length, 28);
  record.writeUInt16LE(file.extra?.length ?? 0, 30);
  record.writeUInt32LE(((file.mode ?? 0o100644) << 16) >>> 0, 38);
  record.writeUInt32LE(file.offset ?? offset, 42);
  const localName = file.localName === undefined ? name : Buffer.from(file.localName);
  common.writeUInt16LE(localName.length, 22);
  common.writeUInt16LE(file.localExtraLength ?? file.localExtra?.length ?? 0, 24);
  const local = [signature(0x04034b50), common, localName, file.localExtra ?? Buffer.alloc(0), data];
  return { local: Buffer.concat(local), record: Buffer.concat([record, name, file.extra ?? Buffer.alloc(0)]) };
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
