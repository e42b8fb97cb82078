import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { BlobFault } from '../integrity.js';
import { limitedBody } from './s3-body.js';
import { isMissingObject, toS3Error } from './s3-error.js';
import type { S3Requests } from './s3-requests.js';

/** Compares stored objects with their hashes. */
export class S3Contents {
  constructor(private readonly requests: S3Requests) {}

  /**
   * Reads and hashes an object. The checksum that the server keeps beside it would be cheaper; whether the bytes still have
   * it is what has to be found out.
   * @returns undefined if the bytes are right, and also if there is no such object
   */
  async faultOf(name: string, sha256: string): Promise<BlobFault | undefined> {
    try {
      const { Body } = await this.requests.get(name);
      const hash = createHash('sha256');
      for await (const chunk of limitedBody(Body as Readable)) hash.update(chunk as Buffer);
      return hash.digest('hex') === sha256 ? undefined : 'hash';
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      throw toS3Error(error);
    }
  }
}
