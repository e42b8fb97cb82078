import { fails, NOBODY, ok, type ContractRequest } from './contract-request.js';

/** Of the contracts of event logs, in a workspace that has none. */
export const EVENT_LOG_REQUESTS: Readonly<Record<string, readonly ContractRequest[]>> = {
  'training-ingest.v1.event-log.revision': [ok({})],
  'training-ingest.v1.event-log.runs': [
    ok({}),
    ok({ after: NOBODY, limit: 1 }),
    fails('INVALID_ARGUMENT', { after: '$where' }),
    fails('INVALID_ARGUMENT', { limit: 5001 }),
  ],
  'training-ingest.v1.event-log.series': [
    ok({}),
    ok({ after: NOBODY, limit: 1 }),
    fails('INVALID_ARGUMENT', { after: '' }),
  ],
  'training-ingest.v1.event-log.events': [
    fails('NOT_FOUND', { seriesId: NOBODY }),
    fails('NOT_FOUND', { seriesId: NOBODY, after: '8000000000000001', limit: 1 }),
    fails('INVALID_ARGUMENT', { seriesId: NOBODY, after: '1' }),
    fails('INVALID_ARGUMENT', { seriesId: 'x' }),
  ],
  'training-ingest.v1.event-log.event': [fails('NOT_FOUND', { eventId: NOBODY })],
  'training-ingest.v1.event-log.problems': [
    ok({}),
    ok({ after: NOBODY, limit: 1 }),
    fails('INVALID_ARGUMENT', { after: 'x' }),
  ],
};
