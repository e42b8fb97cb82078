import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { notFound, toObjectId } from '@pentaprism/database';
import { systemDate, type CandidateState } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model } from 'mongoose';
import {
  CANDIDATE_FILE_FIELDS,
  CANDIDATE_FILES,
  CANDIDATE_MODEL,
  type CandidateDocument,
  type TrainedCandidate,
} from './candidate.schema.js';

/** A candidate, by the ids that a request names. */
interface CandidateKey {
  readonly projectId: string;
  readonly candidateId: string;
}

@Injectable()
export class CandidateRepository {
  constructor(@InjectModel(CANDIDATE_MODEL) private readonly candidates: Model<CandidateDocument>) {}

  async add(candidate: CandidateDocument, session: ClientSession): Promise<void> {
    await this.candidates.collection.insertOne(candidate, { session });
  }

  /** Throws NOT_FOUND. */
  async get(workspace: string, { projectId, candidateId }: CandidateKey): Promise<CandidateDocument> {
    const ids = { _id: toObjectId(candidateId, 'model'), project: toObjectId(projectId, 'project') };
    const found = await this.candidates.findOne({ ...ids, workspace, deletedAt: null }).lean();
    if (!found) throw notFound('model');
    return found;
  }

  /** Returns candidates in the order of their numbers. */
  list(
    workspace: string,
    projectId: string,
    { state, session }: { state?: CandidateState | undefined; session?: ClientSession } = {},
  ): Promise<CandidateDocument[]> {
    return this.candidates
      .find({ workspace, project: toObjectId(projectId, 'project'), deletedAt: null, ...(state ? { state } : {}) })
      .sort({ number: 1 })
      .session(session ?? null)
      .lean();
  }

  /** Ends the training of a candidate. One that has been deleted stays deleted. */
  async finish(
    workspace: string,
    _id: Types.ObjectId,
    outcome: { readonly trained: TrainedCandidate } | { readonly error: string },
    session: ClientSession,
  ): Promise<void> {
    const now = systemDate();
    const $set =
      'trained' in outcome
        ? { state: 'trained' as const, trainedAt: now, trained: outcome.trained }
        : { state: 'failed' as const, error: outcome.error };
    await this.candidates.updateOne({ _id, workspace, state: 'training', deletedAt: null }, { $set }, { session });
  }

  /** Marks a candidate as deleted. No call finds it any more, and its blueprint may be trained again. */
  async markDeleted(workspace: string, _id: Types.ObjectId, session?: ClientSession): Promise<void> {
    const $set = { deletedAt: systemDate(), state: 'failed' as const };
    await this.candidates.updateOne({ _id, workspace, deletedAt: null }, { $set }).session(session ?? null);
  }

  /** Marks candidates of all workspaces as deleted whose training began before then and failed. */
  async markFailedDeleted(before: Date): Promise<void> {
    const filter = { state: 'failed' as const, createdAt: trusted({ $lt: before }), deletedAt: null };
    await this.candidates.updateMany(filter, { $set: { deletedAt: systemDate() } });
  }

  /** Returns deleted candidates of all workspaces. */
  findDeleted(limit: number): Promise<CandidateDocument[]> {
    return this.candidates
      .find({ deletedAt: trusted({ $type: 'date' }) })
      .sort({ deletedAt: 1 })
      .limit(limit)
      .lean();
  }

  async remove(workspace: string, _id: Types.ObjectId): Promise<void> {
    await this.candidates.deleteOne({ _id, workspace });
  }

  /** Returns those of the files that belong to a candidate. */
  async knownFiles(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    // The type, too: the indexes hold texts only, and the database does not conclude it from the values.
    const among = { $in: [...hashes], $type: 'string' };
    const found = await this.candidates.collection
      .find<Pick<CandidateDocument, 'trained'>>(
        { $or: CANDIDATE_FILE_FIELDS.map((field) => ({ workspace, [field]: among })) } as object,
        { projection: { trained: 1 } },
      )
      .toArray();
    return new Set(found.flatMap(filesOf));
  }

  /** Returns the files of candidates of all workspaces, in the order of their ids, behind one of them. */
  async withFilesAfter(id: string | null, limit: number) {
    const behind = id === null ? {} : { _id: trusted({ $gt: new Types.ObjectId(id) }) };
    const found = await this.candidates
      .find({ ...behind, deletedAt: null, state: 'trained' }, { workspace: 1, trained: 1 })
      .sort({ _id: 1 })
      .limit(limit)
      .lean();
    return found.map((candidate) => ({
      id: candidate._id.toHexString(),
      workspace: candidate.workspace,
      files: filesOf(candidate),
    }));
  }
}

function filesOf({ trained }: Pick<CandidateDocument, 'trained'>): string[] {
  return trained ? CANDIDATE_FILES.map((file) => trained.files[file].sha256) : [];
}
