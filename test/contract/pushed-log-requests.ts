import { fails, ok, type ContractRequest } from './contract-request.js';

const FILE = { run: 'a/../$where\n', file: 'events.out.tfevents.1' };
const PIECE = { sha256: 'ab'.repeat(32), size: 100, start: 0 };

/** Of the contracts of pushed event files, in a workspace that has none. */
export const PUSHED_LOG_REQUESTS: Readonly<Record<string, readonly ContractRequest[]>> = {
  'training-ingest.v1.pushed-log.offset': [
    ok(FILE),
    fails('INVALID_ARGUMENT', { ...FILE, run: '' }),
    fails('INVALID_ARGUMENT', { ...FILE, file: 'x'.repeat(256) }),
  ],
  'training-ingest.v1.pushed-log.append': [
    fails('UNAVAILABLE', { ...FILE, offset: 0, piece: PIECE }),
    fails('CONFLICT', { ...FILE, offset: 16, piece: { ...PIECE, start: 16 } }),
    fails('INVALID_ARGUMENT', { ...FILE, offset: -1, piece: PIECE }),
  ],
  'training-ingest.v1.pushed-log.delete-run': [
    fails('NOT_FOUND', { run: FILE.run }),
    fails('INVALID_ARGUMENT', { run: 'x'.repeat(4097) }),
  ],
};
