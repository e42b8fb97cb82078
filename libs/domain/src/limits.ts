/**
 * The limits of the domain: each has a name, a default and a test. Limits of pixels are in `@pentaprism/imaging`,
 * those of one wire format in its dialect.
 */

/** Characters of a file name (UTF-16 code units, as JavaScript counts). */
export const MAX_FILE_NAME_LENGTH = 255;
/** Characters of a tag's name. */
export const MAX_TAG_NAME_LENGTH = 160;
/** Different tags in one request. */
export const MAX_TAGS_PER_IMAGE = 100;
/** Different tags of one project. */
export const MAX_TAGS_PER_PROJECT = 10_000;
/** Tags that one search condition may stand for: every tag of a project. */
export const MAX_TAGS_PER_GROUP = MAX_TAGS_PER_PROJECT;
/** Conditions on tags of one search. */
export const MAX_TAG_GROUPS = 100;
/** Conditions with wildcards among them. */
export const MAX_WILDCARD_PATTERNS = 8;
/** Tags that all conditions of one search stand for together: their ids fit into one message of the bus, of 1 MiB. */
export const MAX_TAGS_PER_SEARCH = 30_000;
/** Records of one page, whatever a dialect's own limit is. */
export const MAX_PAGE_SIZE = 1000;
/** Records that an offset may skip: deeper pages would walk the whole index. */
export const MAX_PAGE_OFFSET = 10_000_000;
/** Starts of one job without getting further, the first included, before it is given up as failed. */
export const MAX_JOB_STARTS = 5;
/** Files that attempts of a job keep for later ones. All of them are in the answer to a start, which takes up to 1 MB. */
export const MAX_JOB_PARTS = 2000;
/**
 * Bytes of the parts of all jobs of a workspace and a queue, beyond which none keeps a large part. Some jobs that give way in the same
 * moment may exceed it.
 */
export const MAX_KEPT_BYTES = 4 * 1024 ** 3;
/** Queued or running jobs of one workspace and owner. */
export const MAX_PENDING_JOBS_PER_WORKSPACE = 10_000;
/** Augmentation lists of one project. */
export const MAX_AUGMENTATION_LISTS_PER_PROJECT = 1_000;
/** API keys of one workspace. */
export const MAX_API_KEYS_PER_WORKSPACE = 1_000;
/** Bytes of a radiograph's PNG; sensors of today make 8 MB. */
export const MAX_RADIOGRAPH_BYTES = 64 * 1024 ** 2;
/** Pixels of a radiograph, width × height. */
export const MAX_RADIOGRAPH_PIXELS = 64 * 1024 ** 2;
/** Characters of what a modality calls a session, or an image in one. */
export const MAX_MODALITY_ID_LENGTH = 200;
/** Sessions of one workspace that are kept here at a time. */
export const MAX_MODALITY_SESSIONS_PER_WORKSPACE = 1_000;
/** Images of one session that is kept here. */
export const MAX_IMAGES_PER_MODALITY_SESSION = 500;
/** Projects of one workspace, besides those that each workspace has. */
export const MAX_PROJECTS_PER_WORKSPACE = 1_000;
/** Characters of a project's name, and of its description. */
export const MAX_PROJECT_NAME_LENGTH = 255;
export const MAX_DESCRIPTION_LENGTH = 2_000;
/** Training images of one project. */
export const MAX_TRAINING_IMAGES_PER_PROJECT = 100_000;
/** Images that one call brings in, tags and untags. */
export const MAX_IMAGES_PER_BATCH = 64;
/** Different tags that one batch of images gives. */
export const MAX_TAGS_PER_BATCH = 20;
/** Different tags whose images one call counts. */
export const MAX_TAGS_PER_COUNT = 500;
/** Pairs of an image and a tag in one call. */
export const MAX_TAGGINGS_PER_BATCH = 128;
/** Training images of one page, and of one deletion. */
export const MAX_TRAINING_PAGE_SIZE = 256;
/** Bytes of a picture to train on, and of one to look at. */
export const MAX_TRAINING_IMAGE_BYTES = 6 * 1024 ** 2;
export const MAX_PREDICTION_IMAGE_BYTES = 4 * 1024 ** 2;
/** Pixels of a training image's longer side, and how much longer than the other it may be. */
export const MAX_TRAINING_IMAGE_SIDE = 10_240;
export const MAX_TRAINING_IMAGE_ASPECT = 25;
/** Characters of the name that a model is published under. */
export const MAX_PUBLISH_NAME_LENGTH = 200;
/** Characters of what clients call the application that a prediction is for. */
export const MAX_APPLICATION_LENGTH = 200;
/** Bytes of one file of a trained model: what is predicted of 100,000 images with 500 tags. */
export const MAX_MODEL_FILE_BYTES = 256 * 1024 ** 2;
/** Bytes of a model that is exported, with its backbone: the default one takes 10 MB. */
export const MAX_EXPORT_FILE_BYTES = 1024 ** 3;
/** Trainings of one project that are kept. */
export const MAX_ITERATIONS_PER_PROJECT = 20;
/** What a training needs at least: tags, and images of each of them. */
export const MIN_TAGS_TO_TRAIN = 2;
export const MIN_IMAGES_PER_TAG_TO_TRAIN = 5;
/** Seconds that the picture of a prediction is kept. */
export const PREDICTION_TTL = 30 * 24 * 3600;
/** Characters of the address of an image elsewhere. */
export const MAX_IMAGE_URL_LENGTH = 4_096;
/** Tags that one model tells apart. */
export const MAX_TAGS_PER_TRAINING = 500;
/** Images × tags of one training: what is predicted of them takes 5 bytes each, in the memory of a worker and of a service. */
export const MAX_TRAINING_LABELS = 10_000_000;
/**
 * Images that one training makes to learn from, beside those of the project: some 20 minutes of one core, and 250 MB
 * of embeddings in a worker at the peak.
 */
export const MAX_AUGMENTED_IMAGES_PER_TRAINING = 20_000;
/** Trainings of one workspace that wait or are under way. */
export const MAX_PENDING_TRAININGS_PER_WORKSPACE = 20;
/** Bytes of an upload that becomes a dataset, if `MAX_DATASET_BYTES` does not set another limit. */
export const DEFAULT_MAX_DATASET_BYTES = 5 * 1024 ** 3;
/** Entries of the archive of a dataset, directories and skipped files included. */
export const MAX_ARCHIVE_ENTRIES = 200_000;
/** Bytes that the entries of an archive inflate to together, counted while they are inflated. */
export const MAX_INFLATED_BYTES = 20 * 1024 ** 3;
/** Inflated bytes for each compressed byte of an entry that inflates to more than `FREE_INFLATED_BYTES`. */
export const MAX_INFLATION_RATIO = 200;
/** Bytes that an entry of an archive may inflate to whatever its ratio is. */
export const FREE_INFLATED_BYTES = 1024 ** 2;
/** Characters of the name of an archive's entry. */
export const MAX_ENTRY_NAME_LENGTH = 1_024;
export const MAX_DATASET_ROWS = 1_000_000;
/** Image cells of a dataset, over all its image columns. */
export const MAX_DATASET_IMAGES = 100_000;
export const MAX_DATASET_COLUMNS = 1_000;
/** Image columns of a dataset: the images of one row are recorded in one call. */
export const MAX_IMAGE_COLUMNS = 64;
/** Characters of a column's name. */
export const MAX_COLUMN_NAME_LENGTH = 255;
/** Bytes of one cell of a table. */
export const MAX_CELL_BYTES = 20 * 1024 ** 2;
/** Bytes of the header line of a table. */
export const MAX_HEADER_BYTES = 1024 ** 2;
/** Bytes of an image of a dataset: no larger file is decoded. */
export const MAX_DATASET_IMAGE_BYTES = 100 * 1024 ** 2;
/** Addresses of images in a dataset. */
export const MAX_DATASET_ADDRESSES = 10_000;
/** Addresses of one dataset that are fetched at a time. */
export const DATASET_ADDRESSES_AT_ONCE = 8;
/** Images of a column that are listed before a project has a target; of more, a sample of so many. */
export const MAX_SAMPLED_IMAGES = 10_000;
/** Characters of a label of a target. */
export const MAX_LABEL_LENGTH = 1_000;
/** Lines of one kind in a data quality log. One more line counts the rest. */
export const MAX_FINDINGS_PER_KIND = 10_000;
/** Datasets of one workspace. */
export const MAX_DATASETS_PER_WORKSPACE = 1_000;
/** Projects of one workspace that are being made of datasets at a time: each has a job. */
export const MAX_PENDING_PROJECTS_PER_WORKSPACE = 100;
/** Characters of a dataset's name. */
export const MAX_DATASET_NAME_LENGTH = 255;
/** Categories of a dataset, and characters of one. */
export const MAX_DATASET_CATEGORIES = 100;
export const MAX_CATEGORY_LENGTH = 100;
