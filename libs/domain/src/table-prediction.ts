/** `predicting` while its job waits or runs. */
export const TABLE_PREDICTION_STATES = ['predicting', 'predicted', 'failed'] as const;
export type TablePredictionState = (typeof TABLE_PREDICTION_STATES)[number];

/** Rows that one call predicts. */
export const MAX_PREDICTION_ROWS = 100_000;

/** Numbers of all rows of a prediction together, one for each class: about 1 GB of text. */
export const MAX_PREDICTION_NUMBERS = 20_000_000;

/** Bytes of the text that a prediction is stored as. */
export const MAX_PREDICTION_FILE_BYTES = 4 * 1024 ** 3;

/** Days that data to predict stays, and what was predicted for it. */
export const PREDICTION_DAYS = 30;

/** Tables that are uploaded to one project to be predicted. */
export const MAX_PREDICTION_DATASETS_PER_PROJECT = 1_000;

/** Predictions of tables that one project has at a time. */
export const MAX_TABLE_PREDICTIONS_PER_PROJECT = 1_000;
