export { EventFileReader, type EventFileItem } from './event-file.js';
export { type LoggedEvent } from './event-protobuf.js';
export { tagOf, type ImageValue, type SeriesMetadata } from './image-values.js';
export { MAX_EVENT_BYTES } from './record-reader.js';
export { DEFAULT_SAMPLES, Reservoir, type SamplingState } from './reservoir.js';
export { EMPTY_RUN, RunReading, type RunChange, type RunReadingState } from './run-reading.js';
