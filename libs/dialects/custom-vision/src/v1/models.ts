import { z } from 'zod';
import type { TagList } from '../operations/tags.js';
import type * as v3 from '../v3/models.js';
import { idInPath, workspaceGuid } from '../wire/ids.js';
import { model as declare } from '../wire/render.js';
import { V1_STATUSES } from '../wire/statuses.js';

/** The models of v1.2 and v1.1, in Pascal case, and how each is made of that of v3.4. */
const model = <Shape extends z.core.$ZodLooseShape>(name: string, shape: Shape) => declare('V1', name, shape);

const id = z.string().meta({ format: 'uuid' });
const date = z.string().meta({ format: 'date-time' });

export const domain = model('Domain', { Id: id, Name: z.string(), Exportable: z.boolean() });

export function toDomain({ id, name, exportable }: v3.Domain): z.output<typeof domain> {
  return { Id: id, Name: name, Exportable: exportable };
}

export const project = model('Project', {
  Id: id,
  Name: z.string(),
  Description: z.string(),
  Settings: model('ProjectSettings', {
    DomainId: id,
    Classification: z.enum(['MultiLabel', 'MultiClass']),
    UseNegativeSet: z.boolean(),
  }),
  CurrentIterationId: id,
  Created: date,
  LastModified: date,
  ThumbnailUri: z.string().nullable(),
});

export function toProject(given: v3.Project): z.output<typeof project> {
  return {
    Id: given.id,
    Name: given.name,
    Description: given.description,
    Settings: {
      DomainId: given.settings.domainId,
      Classification: given.settings.classificationType === 'Multiclass' ? 'MultiClass' : 'MultiLabel',
      UseNegativeSet: given.settings.useNegativeSet,
    },
    CurrentIterationId: workspaceGuid(idInPath(given.id, 'project')),
    Created: given.created,
    LastModified: given.lastModified,
    ThumbnailUri: given.thumbnailUri,
  };
}

export const tag = model('Tag', { Id: id, Name: z.string(), Description: z.string(), ImageCount: z.int() });

export function toTag({ id, name, description, imageCount }: v3.Tag): z.output<typeof tag> {
  return { Id: id, Name: name, Description: description ?? '', ImageCount: imageCount };
}

export const tagList = model('TagList', {
  Tags: z.array(tag),
  TotalTaggedImages: z.int(),
  TotalUntaggedImages: z.int(),
});

export function toTagList({ tags, tagged, untagged }: TagList): z.output<typeof tagList> {
  return { Tags: tags.map(toTag), TotalTaggedImages: tagged, TotalUntaggedImages: untagged };
}

const prediction = { TagId: id, Tag: z.string(), Probability: z.number() };
const predictionTag = model('PredictionTag', prediction);
/** The same by another name, which it has in the answer to a prediction. */
const imageTagPrediction = model('ImageTagPrediction', prediction);

function toPredictionTag({ tagId, tagName, probability }: v3.Prediction): z.output<typeof predictionTag> {
  return { TagId: tagId, Tag: tagName, Probability: probability };
}

export const image = model('Image', {
  Id: id,
  Created: date,
  Width: z.int(),
  Height: z.int(),
  ImageUri: z.string(),
  ThumbnailUri: z.string(),
  Tags: z.array(model('ImageTag', { TagId: id, Created: date })).optional(),
  Predictions: z.array(predictionTag).optional(),
});

/** @param predictions what the iteration saw that the image is shown for; undefined in the workspace */
export function toImage(given: v3.Image, predictions?: readonly v3.Prediction[]): z.output<typeof image> {
  return {
    Id: given.id,
    Created: given.created,
    Width: given.width,
    Height: given.height,
    ImageUri: given.originalImageUri,
    ThumbnailUri: given.thumbnailUri,
    ...(given.tags ? { Tags: given.tags.map(({ tagId, created }) => ({ TagId: tagId, Created: created })) } : {}),
    ...(predictions ? { Predictions: predictions.map(toPredictionTag) } : {}),
  };
}

export const imageCreateSummary = model('ImageCreateSummary', {
  IsBatchSuccessful: z.boolean(),
  Images: z.array(
    model('ImageCreateResult', {
      SourceUrl: z.string().nullable(),
      Status: z.enum(Object.values(V1_STATUSES)),
      Image: image.nullable(),
      Message: z.string().optional(),
    }),
  ),
});

export function toImageCreateSummary(summary: v3.ImageCreateSummary): z.output<typeof imageCreateSummary> {
  return {
    IsBatchSuccessful: summary.isBatchSuccessful,
    Images: summary.images.map(({ sourceUrl, status, image, message }) => ({
      SourceUrl: sourceUrl,
      Status: V1_STATUSES[status],
      Image: image && toImage(image),
      ...(message === undefined ? {} : { Message: message }),
    })),
  };
}

const imageTagCreateEntry = model('ImageTagCreateEntry', { ImageId: id, TagId: id });

export const imageTagCreateSummary = model('ImageTagCreateSummary', {
  Created: z.array(imageTagCreateEntry),
  Duplicated: z.array(imageTagCreateEntry),
  Exceeded: z.array(imageTagCreateEntry),
});

export function toImageTagCreateSummary(summary: v3.ImageTagCreateSummary): z.output<typeof imageTagCreateSummary> {
  const entries = (list: v3.ImageTagCreateSummary['created']) =>
    list.map(({ imageId, tagId }) => ({ ImageId: imageId, TagId: tagId }));
  return {
    Created: entries(summary.created),
    Duplicated: entries(summary.duplicated),
    Exceeded: entries(summary.exceeded),
  };
}

export const iteration = model('Iteration', {
  Id: id,
  Name: z.string(),
  IsDefault: z.boolean(),
  Status: z.enum(['New', 'Training', 'Completed', 'Failed']),
  Created: date,
  LastModified: date,
  TrainedAt: date.optional(),
  ProjectId: id,
  Exportable: z.boolean(),
  DomainId: id.nullable(),
});

const NUMBERED = /^Iteration (\d{1,9})$/;

/** The workspace, which is an iteration that has not been trained; its name is that of the next one. */
export function toWorkspace(of: v3.Project, iterations: readonly v3.Iteration[]): z.output<typeof iteration> {
  const numbers = iterations.map(({ name }) => Number(NUMBERED.exec(name)?.[1] ?? 0));
  const dates = iterations.map(({ created }) => created).sort();
  return {
    Id: workspaceGuid(idInPath(of.id, 'project')),
    Name: `Iteration ${Math.max(iterations.length, ...numbers) + 1}`,
    IsDefault: false,
    Status: 'New',
    Created: dates.at(-1) ?? of.created,
    LastModified: of.lastModified,
    ProjectId: of.id,
    Exportable: false,
    DomainId: null,
  };
}

export function toIteration(model: v3.Iteration): z.output<typeof iteration> {
  return {
    Id: model.id,
    Name: model.name,
    IsDefault: model.isDefault ?? false,
    Status: model.status,
    Created: model.created,
    LastModified: model.lastModified,
    ...(model.trainedAt === undefined ? {} : { TrainedAt: model.trainedAt }),
    ProjectId: model.projectId,
    Exportable: model.exportable,
    DomainId: model.domainId,
  };
}

const figures = {
  Precision: z.number(),
  PrecisionStdDeviation: z.number(),
  Recall: z.number(),
  RecallStdDeviation: z.number(),
};

export const iterationPerformance = model('IterationPerformance', {
  PerTagPerformance: z.array(model('TagPerformance', { Id: id, Name: z.string(), ...figures })),
  ...figures,
});

export function toIterationPerformance(given: v3.IterationPerformance): z.output<typeof iterationPerformance> {
  const figuresOf = (of: Omit<v3.IterationPerformance, 'perTagPerformance'>) => ({
    Precision: of.precision,
    PrecisionStdDeviation: of.precisionStdDeviation,
    Recall: of.recall,
    RecallStdDeviation: of.recallStdDeviation,
  });
  return {
    PerTagPerformance: given.perTagPerformance.map((each) => ({ Id: each.id, Name: each.name, ...figuresOf(each) })),
    ...figuresOf(given),
  };
}

const predicted = { Id: id, Project: id, Iteration: id, Created: date };

export const imagePrediction = model('ImagePredictionResult', {
  ...predicted,
  Predictions: z.array(imageTagPrediction),
});

export function toImagePrediction(given: v3.ImagePrediction): z.output<typeof imagePrediction> {
  return {
    Id: given.id,
    Project: given.project,
    Iteration: given.iteration,
    Created: given.created,
    Predictions: given.predictions.map(toPredictionTag),
  };
}

export const predictionQuery = model('PredictionQuery', {
  Results: z.array(
    model('Prediction', {
      ...predicted,
      Predictions: z.array(predictionTag),
      ImageUri: z.string(),
      ThumbnailUri: z.string(),
    }),
  ),
  Token: model('PredictionQueryToken', {
    Session: z.string().nullable(),
    Continuation: z.string().nullable(),
    MaxCount: z.int(),
    OrderBy: z.enum(['Newest', 'Oldest', 'Suggested']),
    Tags: z
      .array(model('PredictionQueryTag', { Id: id, MinThreshold: z.number(), MaxThreshold: z.number() }))
      .nullable(),
    IterationId: id.nullable(),
    StartTime: date.nullable(),
    EndTime: date.nullable(),
    Application: z.string().nullable(),
  }),
});

export function toPredictionQuery({ results, token }: v3.PredictionQueryResult): z.output<typeof predictionQuery> {
  return {
    Results: results.map((each) => ({
      ...toImagePrediction(each),
      ImageUri: each.originalImageUri,
      ThumbnailUri: each.thumbnailUri,
    })),
    Token: {
      Session: token.session,
      Continuation: token.continuation,
      MaxCount: token.maxCount,
      OrderBy: token.orderBy,
      Tags:
        token.tags?.map(({ id, minThreshold, maxThreshold }) => ({
          Id: id,
          MinThreshold: minThreshold,
          MaxThreshold: maxThreshold,
        })) ?? null,
      IterationId: token.iterationId,
      StartTime: token.startTime,
      EndTime: token.endTime,
      Application: token.application,
    },
  };
}

export const exported = model('Export', {
  Platform: z.enum(['ONNX', 'TensorFlow']),
  Status: z.enum(['Exporting', 'Done', 'Failed']),
  DownloadUri: z.string().nullable(),
});

export function toExport({ platform, status, downloadUri }: v3.Export): z.output<typeof exported> {
  return { Platform: platform, Status: status, DownloadUri: downloadUri };
}

export const error = model('CustomVisionError', { Code: z.string(), Message: z.string() });
