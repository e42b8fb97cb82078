/** What parameters of paths and queries mean, by their names, which mean the same in every operation of every dialect. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  // Paths
  augmentationId: 'Id of an augmentation list',
  datasetId: 'Id of a dataset',
  domainId: 'Id of a domain, a GUID',
  id: 'Id of the thing',
  imageId: 'Id of an image',
  iterationId: 'Id of an iteration; without one, the project as it is now',
  projectId: 'Id of a project',
  publishedName: 'Name that an iteration was published under',
  samplesId: 'Id of a set of samples',
  sessionId: 'Id of a session of the modality',
  statusId: 'Id of a job',
  tagId: 'Id of a tag, a GUID',
  // Pages
  limit: 'Records of a page at most',
  offset: 'Records before the page',
  orderBy: 'What the records are ordered by',
  page: 'Number of the page, from 1',
  skip: 'Images before the page',
  take: 'Images of the page, 0 to 256; by default 50',
  // Filters
  $filter: 'Not supported: images have no metadata',
  category: 'Category that a dataset has',
  end_timestamp: 'Latest time, in seconds since 1970',
  exact_tags: 'Names of tags, all of which an image carries',
  featureName: 'Name of an image feature',
  filterFailed: 'Accepted and ignored: imports that fail leave no dataset',
  ids: 'Ids of stored predictions, separated by commas; at most 64',
  imageIds: 'Ids of images, separated by commas',
  match_tags: 'Patterns of names of tags, with % for any text',
  projectName: 'Part of the name of a project',
  start_timestamp: 'Earliest time, in seconds since 1970',
  tagIds: 'Ids of tags, separated by commas',
  taggingStatus: 'All, Tagged or Untagged',
  uploaded_only: 'Whether images without bytes are left out',
  // Changes
  allImages: 'Whether all images of the project are deleted',
  allIterations: 'Not supported: iterations keep their images',
  application: 'Name of the application that the prediction is for',
  classificationType: 'Multiclass or Multilabel; by default Multilabel',
  description: 'Text that describes the thing',
  flavor: 'Form of the exported file, by platform',
  forceTrain: 'Whether a training begins although nothing has changed',
  name: 'Name of the thing',
  notificationEmailAddress: 'Accepted and ignored',
  overlapThreshold: 'Accepted and ignored',
  overwrite: 'Whether the name is taken from the iteration that has it',
  platform: 'Platform that an exported model is for',
  predictionId: 'Resource that the iteration is published to; any text',
  publishName: 'Name that predictions call the iteration by',
  reservedBudgetInHours: 'Kept, and not looked at',
  store: 'Whether the picture is kept',
  targetExportPlatforms: 'Platforms, separated by commas; kept, and not looked at',
  threshold: 'Probability from which on a tag counts as seen, 0 to 1',
  trainingType: 'Regular or Advanced; kept, and not looked at',
  type: 'Regular, Negative or GeneralProduct',
};

/** Describes a parameter; empty where its name is unknown, which the linter refuses. */
export function describeParameter(name: string): string {
  return DESCRIPTIONS[name] ?? '';
}
