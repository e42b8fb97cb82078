import { Injectable } from '@nestjs/common';
import type { ContentReference } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import {
  Contents,
  decodeUtf8,
  principalOf,
  readForm,
  readWhole,
  refuseDeclaredLength,
  schemaFailure,
  UploadLimits,
  type FormPart,
} from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { baseNameOf, categories } from './wire/dataset.js';

export interface DatasetUpload {
  readonly content: ContentReference;
  readonly fileName: string;
  readonly categories: string[];
}

/** The form, for the documentation. */
export const DATASET_FORM = {
  type: 'object',
  required: ['file'],
  properties: {
    file: { type: 'string', format: 'binary', description: 'A zip archive of images, or a table' },
    categories: { type: 'array', items: { type: 'string' }, description: 'What the dataset is for' },
  },
};

/** Bytes of the whole form beside its file. */
const FORM_BYTES = 1024 * 1024;
/** Bytes of the part `categories`: so few that no memory is reserved for them. */
const CATEGORIES_BYTES = 16 * 1024;

/** Receives the forms that datasets arrive in: a part `file`, with other parts before and after it. */
@Injectable()
export class DatasetUploads {
  constructor(
    private readonly contents: Contents,
    private readonly limits: UploadLimits,
  ) {}

  /**
   * Stores the file of a form. Nothing is kept of a form that is refused, whatever part of it is wrong.
   *
   * @throws DomainError INVALID_ARGUMENT for anything but a form with one file; PAYLOAD_TOO_LARGE; STORAGE_FULL
   */
  async receive(request: FastifyRequest): Promise<DatasetUpload> {
    if (!(request.body instanceof Readable))
      throw new DomainError(
        'INVALID_ARGUMENT',
        'Send the body as multipart/form-data, with the file in a part "file".',
      );
    refuseDeclaredLength(request, this.limits.maxDatasetBytes + FORM_BYTES);
    const { workspace } = principalOf(request);
    return readForm(request, async (parts) => {
      const fields = new Fields(request);
      for (let next = await parts.next(); !next.done; next = await parts.next()) {
        const part = next.value;
        if (!isFile(part)) {
          await fields.read(part);
          continue;
        }
        const source = wholeForm(part, parts, fields);
        const content = await this.contents.store(workspace, source, this.limits.maxDatasetBytes, 'datasets');
        return { content, fileName: baseNameOf(part.fileName), categories: fields.categories };
      }
      throw new DomainError('INVALID_ARGUMENT', 'The form has no part "file".');
    });
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
  categories: string[] = [];
  private bytes = 0;

  constructor(private readonly request: FastifyRequest) {}

  /** Throws PAYLOAD_TOO_LARGE if all other parts together are too large. Parts with unknown names are skipped. */
  async read(part: FormPart): Promise<void> {
    const bytes = this.counted(part.bytes);
    if (part.name !== 'categories') for await (const _ of bytes);
    else {
      const text = decodeUtf8(await readWhole(this.request, bytes, CATEGORIES_BYTES, 'The part "categories"'));
      this.categories = parseCategories([...this.categories, ...listOf(text)]);
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

/** Returns the values of a field, which is empty, one value, or a JSON array of values. */
function listOf(text: string): readonly unknown[] {
  if (!text.startsWith('[')) return text === '' ? [] : [text];
  try {
    return JSON.parse(text) as unknown[];
  } catch {
    throw new DomainError('INVALID_ARGUMENT', 'categories: must be a word or a JSON array of words', {
      field: 'categories',
    });
  }
}

function parseCategories(values: readonly unknown[]): string[] {
  const parsed = categories.safeParse(values);
  if (parsed.success) return parsed.data;
  throw schemaFailure(parsed.error.issues.map((issue) => ({ ...issue, path: ['categories', ...issue.path] })));
}
