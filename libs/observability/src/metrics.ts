import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { hostname } from 'node:os';

/** The metrics of this process. The gateway gathers those of all processes for `GET /metrics`. */
export const registry = new Registry();

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export const metrics = {
  httpRequests: new Histogram({
    name: 'pentaprism_http_request_seconds',
    help: 'HTTP requests by dialect, route pattern and status',
    labelNames: ['dialect', 'method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  }),
  busCalls: new Histogram({
    name: 'pentaprism_bus_call_seconds',
    help: 'Calls made over the bus, as the caller sees them, by subject and outcome (ok or the error code)',
    labelNames: ['subject', 'outcome'],
    buckets: SECONDS,
    registers: [registry],
  }),
  busHandled: new Histogram({
    name: 'pentaprism_bus_handled_seconds',
    help: 'Calls answered over the bus, as the owner sees them',
    labelNames: ['subject', 'outcome'],
    buckets: SECONDS,
    registers: [registry],
  }),
  clockCorrection: new Gauge({
    name: 'pentaprism_clock_correction_seconds',
    help: "Seconds that are added to the clock of this process because it differs from MongoDB's",
    registers: [registry],
  }),
  busDropped: new Counter({
    name: 'pentaprism_bus_dropped_total',
    help: 'Calls that were not begun because their callers had stopped waiting, by subject',
    labelNames: ['subject'],
    registers: [registry],
  }),
  facts: new Counter({
    name: 'pentaprism_facts_total',
    help: 'Facts by what happened to them: published, handled, redelivered, dead',
    labelNames: ['fact', 'outcome'],
    registers: [registry],
  }),
  transactionRetries: new Counter({
    name: 'pentaprism_transaction_retries_total',
    help: 'Transactions that were run again after a write conflict',
    registers: [registry],
  }),
  jobsFinished: new Counter({
    name: 'pentaprism_jobs_finished_total',
    help: 'Jobs that reached a final state',
    labelNames: ['type', 'state'],
    registers: [registry],
  }),
  jobSeconds: new Histogram({
    name: 'pentaprism_job_seconds',
    help: 'Time from the start of an attempt to its report',
    labelNames: ['type', 'outcome'],
    buckets: [...SECONDS, 300, 1800],
    registers: [registry],
  }),
  logLinesDropped: new Counter({
    name: 'pentaprism_log_lines_dropped_total',
    help: 'Log lines that could not be written, as on a full disk',
    registers: [registry],
  }),
  blobsDamaged: new Counter({
    name: 'pentaprism_blobs_damaged_total',
    help: 'Damaged or missing blobs that were found, by area, fault (hash, size, missing) and outcome (refused, repaired)',
    labelNames: ['area', 'fault', 'outcome'],
    registers: [registry],
  }),
  eventLogProblems: new Counter({
    name: 'pentaprism_event_log_problems_total',
    help: 'Parts of event files that could not be read, by kind (damaged, not-an-event, too-long, too-many, left-out)',
    labelNames: ['kind'],
    registers: [registry],
  }),
  scrubbedBlobs: new Counter({
    name: 'pentaprism_scrubbed_blobs_total',
    help: 'Blobs that the scrub has read and hashed',
    labelNames: ['area'],
    registers: [registry],
  }),
  scrubbedBytes: new Counter({
    name: 'pentaprism_scrubbed_bytes_total',
    help: 'Bytes that the scrub has read and hashed',
    registers: [registry],
  }),
  scrubbedRecords: new Counter({
    name: 'pentaprism_scrubbed_records_total',
    help: 'Blobs that the scrub has looked for because records refer to them, by area',
    labelNames: ['area'],
    registers: [registry],
  }),
  scrubFound: new Gauge({
    name: 'pentaprism_scrub_found',
    help: 'What the present or last pass of the scrub has found, by fault (damaged, missing)',
    labelNames: ['fault'],
    aggregator: 'max',
    registers: [registry],
  }),
  scrubFinished: new Gauge({
    name: 'pentaprism_scrub_finished_timestamp_seconds',
    help: 'When the last whole pass of the scrub ended',
    aggregator: 'max',
    registers: [registry],
  }),
  logDirectoryFollowed: new Gauge({
    name: 'pentaprism_log_directory_followed',
    help: '1 in the process that follows the log directory of event files',
    registers: [registry],
  }),
  logDirectoryProblems: new Gauge({
    name: 'pentaprism_log_directory_problems',
    help: 'What keeps parts of the log directory from being followed, by kind (name, limit, unreadable, refused, waiting, missing)',
    labelNames: ['kind'],
    registers: [registry],
  }),
  logDirectoryUnread: new Gauge({
    name: 'pentaprism_log_directory_unread_bytes',
    help: 'Bytes of event files that wait to be read',
    registers: [registry],
  }),
  storageLow: new Gauge({
    name: 'pentaprism_storage_low',
    help: '1 while a store has less free space than its floor, so that writes are refused; by store',
    labelNames: ['store'],
    aggregator: 'max',
    registers: [registry],
  }),
  queueJobs: new Gauge({
    name: 'pentaprism_queue_jobs',
    help: 'Jobs in a queue by state',
    labelNames: ['queue', 'state'],
    // Every instance of an owner counts the same queue.
    aggregator: 'max',
    registers: [registry],
  }),
};

/**
 * Adds memory, event loop and descriptor figures of this process, and to every metric the app and the host (in a cluster:
 * the pod). Sums over several hosts would fall when one of them is restarted, and Prometheus take that for a new start.
 */
export function startMetrics(app: string): void {
  registry.setDefaultLabels({ app, host: hostname() });
  collectDefaultMetrics({ register: registry });
}

/** A figure of this process that is read whenever metrics are collected. A later call with the same name replaces it. */
export function measure(name: string, help: string, read: () => number): void {
  registry.removeSingleMetric(name);
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
