import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { pushedFile, type PushedFile } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { schemaFailure } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The version of the protocol tus, see https://tus.io/protocols/resumable-upload. */
const TUS_VERSION = '1.0.0';
/** The type that the bodies of PATCH have in tus. */
export const PIECE_TYPE = 'application/offset+octet-stream';

type Headers = Pick<FastifyRequest, 'headers'>;

/** The error of a client that speaks another version of tus, which answers it with 412. */
export class UnknownTusVersion extends DomainError {
  constructor(version: string) {
    super('FAILED_PRECONDITION', `Tus-Resumable is ${version}. Send ${TUS_VERSION}, or leave the header out.`, {
      tusVersion: TUS_VERSION,
    });
  }
}

/** Returns 412 for a client that speaks another version of tus. */
export function statusOfTusError({ code, details }: DomainError): number | undefined {
  return code === 'FAILED_PRECONDITION' && 'tusVersion' in details ? 412 : undefined;
}

/** Names the version of tus in every answer, and refuses others. Clients that are not made for tus name none. */
@Injectable()
export class TusVersionGuard implements CanActivate {
  /** @throws UnknownTusVersion */
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const version = http.getRequest<FastifyRequest>().headers['tus-resumable'];
    const reply = http.getResponse<FastifyReply>().header('Tus-Resumable', TUS_VERSION);
    if (version === undefined || version === TUS_VERSION) return true;
    void reply.header('Tus-Version', TUS_VERSION);
    throw new UnknownTusVersion(String(version));
  }
}

/**
 * Returns the offset in a file that the body of a PATCH begins at.
 * @throws DomainError INVALID_ARGUMENT; UNSUPPORTED_MEDIA_TYPE for a body of another type
 */
export function uploadOffsetOf({ headers }: Headers): number {
  const { 'upload-offset': offset, 'content-type': type = '' } = headers;
  if (type.split(';', 1)[0]?.trim().toLowerCase() !== PIECE_TYPE)
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', `Send the body as ${PIECE_TYPE}.`);
  if (typeof offset !== 'string' || !/^\d{1,15}$/.test(offset))
    throw new DomainError('INVALID_ARGUMENT', 'The header Upload-Offset has to be a whole number from 0.');
  return Number(offset);
}

/**
 * Returns the file that the header `Upload-Metadata` names: `run <base64>,file <base64>`. `filename`, as clients call it, is
 * the same as `file`.
 * @throws DomainError INVALID_ARGUMENT
 */
export function fileOfMetadata({ headers }: Headers): PushedFile {
  const metadata = new Map<string, string>();
  for (const pair of String(headers['upload-metadata'] ?? '').split(',')) {
    const [name = '', value = ''] = pair.trim().split(' ');
    metadata.set(name, Buffer.from(value, 'base64').toString());
  }
  const file = { run: metadata.get('run'), file: metadata.get('file') ?? metadata.get('filename') };
  const { data, error } = pushedFile.safeParse(file);
  if (error) throw schemaFailure(error.issues);
  return data;
}
