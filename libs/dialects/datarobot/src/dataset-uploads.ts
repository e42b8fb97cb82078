import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { datasetContracts, type ContentReference } from '@pentaprism/contracts';
import { DomainError, MAX_DATASETS_PER_WORKSPACE } from '@pentaprism/domain';
import {
  Contents,
  decodeUtf8,
  principalOf,
  readForm,
  readWhole,
  refuseDeclaredLength,
  UploadLimits,
  type FormPart,
  type StoredContent,
} from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { baseNameOf } from './wire/dataset.js';

/**
 * The fields that are read, by the names of their parts. Each parser gets the texts of all parts with its name so far, and
 * throws INVALID_ARGUMENT if they are wrong.
 */
type FieldParsers = Readonly<Record<string, (texts: readonly string[]) => unknown>>;

/** What the fields are. Those that the form does not have are absent. */
type FieldsOf<Parsers extends FieldParsers> = { readonly [Name in keyof Parsers]?: ReturnType<Parsers[Name]> };

export interface DatasetUpload<Fields> {
  readonly content: ContentReference;
  readonly fileName: string;
  readonly fields: Fields;
}

/** Bytes of the file at most, and where it is stored. */
export interface FileLimits {
  readonly maxBytes: number;
  readonly area: StoredContent['area'];
  /** Throws if the file would be received in vain. */
  readonly check?: () => Promise<void>;
}

/** Bytes of the whole form beside its file. */
const FORM_BYTES = 1024 * 1024;
/** Bytes of a part that is a field: so few that no memory is reserved for them. */
const FIELD_BYTES = 16 * 1024;

/** Receives the forms that datasets and pictures arrive in: a part `file`, with other parts before and after it. */
@Injectable()
export class DatasetUploads {
  constructor(
    private readonly bus: Bus,
    private readonly contents: Contents,
    private readonly limits: UploadLimits,
  ) {}

  /** As `receive`, for a file that becomes a listed dataset. Throws FAILED_PRECONDITION if there are too many, before the file is read. */
  async receiveDataset<Parsers extends FieldParsers>(
    request: FastifyRequest,
    parsers: Parsers,
  ): Promise<DatasetUpload<FieldsOf<Parsers>>> {
    return this.receive(request, parsers, { ...this.ofDataset, check: () => this.requireRoom() });
  }

  /**
   * Stores the file of a form. Nothing is kept of a form that is refused, whatever part of it is wrong.
   *
   * @param parsers of the fields; parts with other names are skipped
   * @param limits by default those of a dataset
   * @throws DomainError INVALID_ARGUMENT for anything but a form with one file; PAYLOAD_TOO_LARGE; STORAGE_FULL; what
   *   the parsers throw
   */
  async receive<Parsers extends FieldParsers>(
    request: FastifyRequest,
    parsers: Parsers,
    { maxBytes, area, check }: FileLimits = this.ofDataset,
  ): Promise<DatasetUpload<FieldsOf<Parsers>>> {
    if (!(request.body instanceof Readable))
      throw new DomainError(
        'INVALID_ARGUMENT',
        'Send the body as multipart/form-data, with the file in a part "file".',
      );
    refuseDeclaredLength(request, maxBytes + FORM_BYTES);
    const { workspace } = principalOf(request);
    return readForm(request, async (parts) => {
      const fields = new Fields(request, parsers);
      for (let next = await parts.next(); !next.done; next = await parts.next()) {
        const part = next.value;
        if (!isFile(part)) {
          await fields.read(part);
          continue;
        }
        await check?.();
        const source = wholeForm(part, parts, fields);
        const content = await this.contents.store(workspace, source, maxBytes, area);
        const parsed = Object.fromEntries(fields.parsed) as FieldsOf<Parsers>;
        return { content, fileName: baseNameOf(part.fileName), fields: parsed };
      }
      throw new DomainError('INVALID_ARGUMENT', 'The form has no part "file".');
    });
  }

  private get ofDataset(): FileLimits {
    return { maxBytes: this.limits.maxDatasetBytes, area: 'datasets' };
  }

  /** The creation of the dataset checks it again, because other requests may create datasets before. */
  private async requireRoom(): Promise<void> {
    const limit = MAX_DATASETS_PER_WORKSPACE;
    const { total } = await this.bus.call(datasetContracts.list, { limit: 1 });
    if (total < limit) return;
    const message = `The workspace has ${limit} datasets already. Delete one first.`;
    throw new DomainError('FAILED_PRECONDITION', message, { limit });
  }
}

const isFile = ({ name }: FormPart) => name === 'file';

/** Yields the bytes of the file and ends with the form, because bytes whose source fails are not kept. */
async function* wholeForm(file: FormPart, parts: AsyncGenerator<FormPart, void>, fields: Fields) {
  let empty = true;
  for await (const chunk of file.bytes) {
    empty &&= chunk.length === 0;
    yield chunk;
  }
  if (empty) throw new DomainError('INVALID_ARGUMENT', 'The part "file" is empty.');
  for await (const part of parts) {
    if (isFile(part)) throw new DomainError('INVALID_ARGUMENT', 'The form has two parts "file". Send one file.');
    await fields.read(part);
  }
}

/** The other parts of a form. */
class Fields {
  readonly parsed = new Map<string, unknown>();
  private readonly texts = new Map<string, string[]>();
  private bytes = 0;

  constructor(
    private readonly request: FastifyRequest,
    private readonly parsers: FieldParsers,
  ) {}

  /** Throws PAYLOAD_TOO_LARGE if all other parts together are too large. Parts with unknown names are skipped. */
  async read({ name, bytes }: FormPart): Promise<void> {
    const counted = this.counted(bytes);
    const parse = Object.hasOwn(this.parsers, name) ? this.parsers[name] : undefined;
    if (!parse) for await (const _ of counted);
    else {
      const text = decodeUtf8(await readWhole(this.request, counted, FIELD_BYTES, `The part "${name}"`));
      const texts = [...(this.texts.get(name) ?? []), text];
      this.texts.set(name, texts);
      this.parsed.set(name, parse(texts));
    }
  }

  private async *counted(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      this.bytes += chunk.length;
      if (this.bytes > FORM_BYTES)
        throw new DomainError('PAYLOAD_TOO_LARGE', `The parts beside the file have more than ${FORM_BYTES} bytes.`, {
          limit: FORM_BYTES,
        });
      yield chunk;
    }
  }
}
