import { z } from 'zod';
import { model as declare } from '../wire/render.js';
import { V3_STATUSES } from '../wire/statuses.js';
import { since, until } from '../wire/versions.js';

/**
 * The models of v3.4, and by `since` and `until` those of v2.0 to v3.3: what operations answer with. Optional members are
 * left out where there is nothing to say, as the original does; nullable ones are null there.
 */
const model = <Shape extends z.core.$ZodLooseShape>(name: string, shape: Shape) => declare('V3', name, shape);

const id = z.string().meta({ format: 'uuid' });
const date = z.string().meta({ format: 'date-time' });
const optionalDate = date.nullable();
const names = z.array(z.string().meta({ title: 'string' }));
const optionalText = z.string().nullable();
/** Members of detection and the like, which are always null here. */
const none = z.null();

export const domain = model('Domain', {
  id,
  name: z.string(),
  type: z.literal('Classification'),
  exportable: z.boolean(),
  enabled: z.boolean(),
  exportablePlatforms: since('3.4', names),
  modelInformation: since(
    '3.4',
    model('ModelInformation', { estimatedModelSizeInMegabytes: z.int(), description: z.string() }).nullable(),
  ),
});
export type Domain = z.output<typeof domain>;

const classificationType = z.enum(['Multiclass', 'Multilabel']);

const projectSettings = model('ProjectSettings', {
  domainId: id,
  classificationType: since('2.1', classificationType),
  targetExportPlatforms: since('3.0', names),
  useNegativeSet: since('3.0', z.boolean()),
  detectionParameters: since('3.0', none),
  imageProcessingSettings: since(
    '3.1',
    model('ImageProcessingSettings', { augmentationMethods: z.record(z.string(), z.boolean()) }),
  ),
});

export const project = model('Project', {
  id,
  name: z.string(),
  description: z.string(),
  settings: projectSettings,
  created: date,
  lastModified: date,
  thumbnailUri: optionalText,
  drModeEnabled: since('3.0', z.boolean()),
  status: since('3.2', z.literal('Succeeded')),
});
export type Project = z.output<typeof project>;

export const TAG_TYPES = ['Regular', 'Negative', 'GeneralProduct'] as const;

export const tag = model('Tag', {
  id,
  name: z.string(),
  description: optionalText,
  type: since('2.2', z.enum(TAG_TYPES)),
  imageCount: z.int(),
});
export type Tag = z.output<typeof tag>;

export const imageTag = model('ImageTag', { tagId: id, tagName: z.string(), created: date });

const pictures = {
  imageUri: until('2.1', z.string()),
  resizedImageUri: since('2.2', z.string()),
  thumbnailUri: z.string(),
  originalImageUri: since('2.2', z.string()),
};

export const image = model('Image', {
  id,
  created: date,
  width: z.int(),
  height: z.int(),
  ...pictures,
  tags: z.array(imageTag).optional(),
  metadata: since('3.3', z.record(z.string(), z.string()).optional()),
});
export type Image = z.output<typeof image>;

export const imageCreateResult = model('ImageCreateResult', {
  sourceUrl: optionalText,
  status: z.enum(Object.values(V3_STATUSES)),
  image: image.nullable(),
  /** Not the original's: why the image was not taken, where the status does not say it all. */
  message: z.string().optional(),
});

export const imageCreateSummary = model('ImageCreateSummary', {
  isBatchSuccessful: z.boolean(),
  images: z.array(imageCreateResult),
});
export type ImageCreateSummary = z.output<typeof imageCreateSummary>;

export const METADATA_STATUSES = {
  added: 'OK',
  'not-found': 'ErrorImageNotFound',
  'too-many': 'ErrorLimitExceed',
} as const;

export const imageMetadataUpdateSummary = model('ImageMetadataUpdateSummary', {
  isBatchSuccessful: z.boolean(),
  images: z.array(
    model('ImageMetadataUpdateEntry', {
      imageId: id,
      status: z.enum(Object.values(METADATA_STATUSES)),
      metadata: z.record(z.string(), z.string()).nullable(),
    }),
  ),
});
export type ImageMetadataUpdateSummary = z.output<typeof imageMetadataUpdateSummary>;

export const imageTagCreateEntry = model('ImageTagCreateEntry', { imageId: id, tagId: id });

export const imageTagCreateSummary = model('ImageTagCreateSummary', {
  created: z.array(imageTagCreateEntry),
  duplicated: z.array(imageTagCreateEntry),
  exceeded: z.array(imageTagCreateEntry),
});
export type ImageTagCreateSummary = z.output<typeof imageTagCreateSummary>;

export const prediction = model('Prediction', {
  probability: z.number(),
  tagId: id,
  tagName: z.string(),
  tagType: since('3.3', z.enum(TAG_TYPES)),
});
export type Prediction = z.output<typeof prediction>;

export const imagePrediction = model('ImagePrediction', {
  id,
  project: id,
  iteration: id,
  created: date,
  predictions: z.array(prediction),
});
export type ImagePrediction = z.output<typeof imagePrediction>;

export const storedImagePrediction = model('StoredImagePrediction', {
  ...pictures,
  domain: id,
  ...imagePrediction.shape,
});

export const predictionQueryTag = model('PredictionQueryTag', {
  id,
  minThreshold: z.number(),
  maxThreshold: z.number(),
});

export const predictionQueryToken = model('PredictionQueryToken', {
  session: optionalText,
  continuation: optionalText,
  maxCount: z.int(),
  orderBy: z.enum(['Newest', 'Oldest', 'Suggested']),
  tags: z.array(predictionQueryTag).nullable(),
  iterationId: id.nullable(),
  startTime: optionalDate,
  endTime: optionalDate,
  application: optionalText,
});

export const predictionQueryResult = model('PredictionQueryResult', {
  token: predictionQueryToken,
  results: z.array(storedImagePrediction),
});
export type PredictionQueryResult = z.output<typeof predictionQueryResult>;

export const iteration = model('Iteration', {
  id,
  name: z.string(),
  isDefault: until('2.2', z.boolean()),
  status: z.enum(['Training', 'Completed', 'Failed']),
  created: date,
  lastModified: date,
  trainedAt: date.optional(),
  projectId: id,
  exportable: z.boolean(),
  exportableTo: since('3.0', names),
  domainId: id,
  classificationType: since('2.2', classificationType),
  trainingType: since('3.0', z.string()),
  reservedBudgetInHours: since('3.0', z.int()),
  trainingTimeInMinutes: since('3.1', z.int()),
  publishName: since('3.0', optionalText),
  originalPublishResourceId: since('3.0', optionalText),
  customBaseModelInfo: since('3.4', none),
  trainingErrorDetails: since('3.4', optionalText),
});
export type Iteration = z.output<typeof iteration>;

const figures = {
  precision: z.number(),
  precisionStdDeviation: z.number(),
  recall: z.number(),
  recallStdDeviation: z.number(),
  averagePrecision: z.number().nullable(),
};
export const tagPerformance = model('TagPerformance', { id, name: z.string(), ...figures });
export const iterationPerformance = model('IterationPerformance', {
  perTagPerformance: z.array(tagPerformance),
  ...figures,
});
export type IterationPerformance = z.output<typeof iterationPerformance>;

export const imagePerformance = model('ImagePerformance', {
  predictions: z.array(prediction),
  id,
  created: date,
  width: z.int(),
  height: z.int(),
  imageUri: z.string(),
  thumbnailUri: z.string(),
  tags: z.array(imageTag).optional(),
});
export type ImagePerformance = z.output<typeof imagePerformance>;

export const exported = model('Export', {
  platform: z.enum(['ONNX', 'TensorFlow']),
  status: z.enum(['Exporting', 'Done', 'Failed']),
  downloadUri: optionalText,
  flavor: optionalText,
  newerVersionAvailable: z.boolean(),
});
export type Export = z.output<typeof exported>;

export const error = model('CustomVisionError', { code: z.string(), message: z.string() });
export const count = z.int();
export const published = z.boolean();
