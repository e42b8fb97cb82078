import { Schema } from 'mongoose';

/** Which instance follows the log directory of a workspace, and what was last seen of it. Times are MongoDB's. */
export interface LogDirectoryDocument {
  /** The workspace. */
  _id: string;
  /** The instance that follows. */
  holder: string;
  /** When the lease ends, if it is not renewed. */
  until: Date;
  /** The identity of the directory when it last had runs. Empty before that. */
  identity: string;
  /** Whether the runs are hidden because no instance sees the directory. */
  isHidden: boolean;
}

export const LOG_DIRECTORY_MODEL = 'LogDirectory';

export const logDirectorySchema = new Schema<LogDirectoryDocument>(
  {
    _id: { type: String, required: true },
    holder: { type: String, required: true },
    until: { type: Date, required: true },
    identity: { type: String, default: '' },
    isHidden: { type: Boolean, default: false },
  },
  { collection: 'log_directories', versionKey: false },
);
