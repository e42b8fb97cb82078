import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ApiKey } from '@pentaprism/contracts';
import type { Role } from '@pentaprism/domain';
import { trusted, Schema, type Model } from 'mongoose';

export interface ApiKeyDocument {
  _id: string;
  workspace: string;
  name: string;
  role: Role;
  /** Keyed hash of the secret, hexadecimal. The secret itself is nowhere. */
  hash: string;
  /** From PENTAPRISM_OWNER_KEY: replaced when that changes. */
  bootstrap: boolean;
  createdAt: Date;
  createdBy: string;
}

export const API_KEY_MODEL = 'ApiKey';

export const apiKeySchema = new Schema<ApiKeyDocument>(
  {
    _id: { type: String, required: true },
    workspace: { type: String, required: true },
    name: { type: String, required: true },
    role: { type: String, required: true },
    hash: { type: String, required: true },
    bootstrap: { type: Boolean, required: true },
    createdAt: { type: Date, required: true },
    createdBy: { type: String, required: true },
  },
  { collection: 'api_keys', versionKey: false },
);
apiKeySchema.index({ workspace: 1, createdAt: 1 });

@Injectable()
export class ApiKeyRepository {
  constructor(@InjectModel(API_KEY_MODEL) private readonly keys: Model<ApiKeyDocument>) {}

  /** The one look-up without a workspace: which one is asked for is what it answers. */
  findForAuthentication(ids: readonly string[]): Promise<ApiKeyDocument[]> {
    return this.keys.find({ _id: trusted({ $in: [...ids] }) }).lean();
  }

  async add(key: ApiKeyDocument): Promise<void> {
    await this.keys.create(key);
  }

  /** Makes `key` the only one that came from the environment. */
  async replaceBootstrapKey(key: ApiKeyDocument): Promise<void> {
    const { _id, createdAt, ...fields } = key;
    await this.keys.updateOne({ _id }, { $set: fields, $setOnInsert: { createdAt } }, { upsert: true });
    await this.keys.deleteMany({ bootstrap: true, _id: trusted({ $ne: _id }) });
  }

  list(workspace: string): Promise<ApiKeyDocument[]> {
    return this.keys.find({ workspace }).sort({ createdAt: 1, _id: 1 }).lean();
  }

  count(workspace: string): Promise<number> {
    return this.keys.countDocuments({ workspace });
  }

  find(workspace: string, id: string): Promise<ApiKeyDocument | null> {
    return this.keys.findOne({ workspace, _id: id }).lean();
  }

  async remove(workspace: string, id: string): Promise<boolean> {
    return (await this.keys.deleteOne({ workspace, _id: id })).deletedCount === 1;
  }
}

export function toApiKey({ _id, name, role, workspace, createdAt, createdBy }: ApiKeyDocument): ApiKey {
  return { id: _id, name, role, workspace, createdAt: createdAt.getTime(), createdBy };
}
