const MIB = 2 ** 20;

/** Runs of a workspace. Further ones are left out. */
export const MAX_RUNS = 10_000;

/** Tags of a run that have metadata, also of other plugins. Further ones are left out. */
export const MAX_TAGS_PER_RUN = 10_000;

/** Characters of the tag of a value. A value with a longer one is left out. */
export const MAX_TAG_CHARACTERS = 10_000;

/** Characters of a display name. A longer one is cut. */
export const MAX_DISPLAY_NAME_CHARACTERS = 10_000;

/** Characters of a description and of the HTML that it becomes. A longer source is cut, longer HTML is shown as text. */
export const MAX_DESCRIPTION_CHARACTERS = 40_000;

/** Images of one event. Further ones are left out. */
export const MAX_IMAGES_PER_EVENT = 1_000;

/** What could not be read of a file, as far as it is listed. */
export const MAX_PROBLEMS_PER_FILE = 20;

/** Characters of a problem. Names of tags in it may be long. */
export const MAX_PROBLEM_CHARACTERS = 500;

/** Bytes of the record of an image beside its own: place, hash and media type. */
export const IMAGE_RECORD_BYTES = 250;

/** Bytes of the images and texts that a pass stores. The event that reaches it is the last one of its pass. */
export const MAX_PASS_BYTES = 16 * MIB;

/** Events and series that a pass writes or removes, so that its transaction stays short. The event that reaches it is the last one. */
export const MAX_PASS_RECORDS = 4_000;

/** Milliseconds that a pass reads. Its transaction takes 4 s at most, so that a pass takes 10 s. */
export const PASS_READING_MS = 5_000;
