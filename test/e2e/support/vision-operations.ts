import type { ItemNames } from './model-encodings.js';

export const TRAINING_V1 = '/customvision/v1.2/Training';
export const PREDICTION_V1 = '/customvision/v1.1/Prediction';
export const COMPACT = '0732100f-1a38-4e49-a514-c9b44c697ab5';
/** A GUID that nothing has. */
export const NOTHING = 'ffffffff-ffff-4fff-8fff-ffffffffffff';

/** What requests are made of: GUIDs by what they are called, pictures and their URLs by their names. */
export interface Things {
  /** @throws for what nobody has learnt */
  id(name: string): string;
  base64(picture: string): string;
  url(picture: string): string;
}

/** One request of v1.2 or v1.1, in the order in which they are made. */
export interface Operation {
  /** As the original's documents call it; with a remark where it comes again. */
  readonly name: string;
  readonly method: string;
  /** Below `TRAINING_V1`, or a whole one. */
  readonly path: (things: Things) => string;
  /** The name of the model that is sent, and what is in it. */
  readonly model?: readonly [string, (things: Things) => object];
  /** Names of pictures that are sent as a form, or of the one that is the body. */
  readonly form?: readonly string[];
  readonly bytes?: string;
  /** What the first id of the answer is called from now on. */
  readonly learn?: string;
  /** What has to be done before, see the test. */
  readonly before?: Before;
  readonly headers?: Readonly<Record<string, string>>;
  /** A body that no model is. */
  readonly broken?: boolean;
}
export type Before = 'tags and pictures' | 'an untagged picture' | 'trained' | 'exported' | 'no default';

/** What items of lists are called in XML. */
export const ITEM_NAMES: Readonly<Record<string, ItemNames>> = {
  ImageFileCreateBatch: { Images: 'ImageFileCreateEntry', TagIds: 'guid' },
  ImageUrlCreateBatch: { Images: 'ImageUrlCreateEntry', TagIds: 'guid' },
  ImageIdCreateBatch: { Images: 'ImageIdCreateEntry', TagIds: 'guid' },
  ImageTagCreateBatch: { Tags: 'ImageTagCreateEntry' },
};

const project =
  (rest = '') =>
  (things: Things) =>
    `/projects/${things.id('PROJECT')}${rest}`;
const iteration =
  (rest = '') =>
  (things: Things) =>
    `${project('/iterations/')(things)}${things.id('ITERATION')}${rest}`;
const predict = (rest: string) => (things: Things) => `${PREDICTION_V1}/${things.id('PROJECT')}${rest}`;
const ids =
  (path: string, ...lists: readonly (readonly [string, string])[]) =>
  (things: Things) =>
    `${project(path)(things)}?${lists.map(([name, thing]) => `${name}=${things.id(thing)}`).join('&')}`;
const tag = (things: Things) => `${project('/tags/')(things)}${things.id('DISC')}`;

/** Every operation of v1.2 and v1.1 on one project, from its beginning to its end. */
export const OPERATIONS: readonly Operation[] = [
  { name: 'GetDomains', method: 'GET', path: () => '/domains' },
  { name: 'GetDomain', method: 'GET', path: () => `/domains/${COMPACT}` },
  {
    name: 'CreateProject',
    method: 'POST',
    path: () => `/projects?name=shapes&description=in+colour&domainId=${COMPACT}`,
    learn: 'PROJECT',
  },
  { name: 'GetProjects', method: 'GET', path: () => '/projects' },
  {
    name: 'UpdateProject',
    method: 'PATCH',
    path: project(),
    model: ['Project', () => ({ Name: 'shapes & signs', Description: '<i>"in colour"</i>', Settings: { DomainId: COMPACT } })], // prettier-ignore
  },
  { name: 'GetProject', method: 'GET', path: project() },
  { name: 'CreateTag', method: 'POST', path: project('/tags?name=disc&description=round'), learn: 'DISC' },
  {
    name: 'CreateImagesFromData',
    method: 'POST',
    path: ids('/images', ['tagIds', 'DISC']),
    form: ['disc-0', 'disc-1', 'disc-1', 'text'],
    learn: 'IMAGE',
    before: 'tags and pictures',
  },
  {
    name: 'CreateImagesFromData, as bytes',
    method: 'POST',
    path: ids('/images', ['tagIds', 'DISC']),
    bytes: 'disc-2',
  },
  {
    name: 'CreateImagesFromFiles',
    method: 'POST',
    path: project('/images/files'),
    model: [
      'ImageFileCreateBatch',
      (things) => ({
        Images: [
          { Name: 'disc-3.png', Contents: things.base64('disc-3'), TagIds: [things.id('DISC')] },
          { Name: 'disc-4.png', Contents: things.base64('disc-4'), TagIds: [NOTHING] },
        ],
        TagIds: [],
      }),
    ],
  },
  {
    name: 'CreateImagesFromUrls',
    method: 'POST',
    path: project('/images/urls'),
    model: [
      'ImageUrlCreateBatch',
      (things) => ({ Images: [{ Url: things.url('disc-4') }, { Url: things.url('none') }], TagIds: [things.id('DISC')] }), // prettier-ignore
    ],
  },
  {
    name: 'GetUntaggedImages',
    method: 'GET',
    path: project('/images/untagged?orderBy=Newest&take=50&skip=0'),
    before: 'an untagged picture',
  },
  {
    name: 'PostImageTags',
    method: 'POST',
    path: project('/images/tags'),
    model: [
      'ImageTagCreateBatch',
      (things) => ({
        Tags: [
          { ImageId: things.id('UNTAGGED'), TagId: things.id('STRIPES') },
          { ImageId: things.id('IMAGE'), TagId: things.id('DISC') },
        ],
      }),
    ],
  },
  { name: 'DeleteImageTags', method: 'DELETE', path: ids('/images/tags', ['imageIds', 'UNTAGGED'], ['tagIds', 'STRIPES']) }, // prettier-ignore
  { name: 'DeleteImages', method: 'DELETE', path: ids('/images', ['imageIds', 'UNTAGGED']) },
  {
    name: 'GetTaggedImages',
    method: 'GET',
    path: (things) => `${ids('/images/tagged', ['tagIds', 'DISC'])(things)}&orderBy=Oldest&take=2`,
  },
  { name: 'GetTags', method: 'GET', path: project('/tags') },
  { name: 'UpdateTag', method: 'PATCH', path: tag, model: ['Tag', () => ({ Name: 'scheibe', Description: 'rund, größer' })] }, // prettier-ignore
  { name: 'GetTag', method: 'GET', path: tag },
  { name: 'TrainProject', method: 'POST', path: project('/train'), learn: 'ITERATION' },
  { name: 'GetIterations', method: 'GET', path: project('/iterations'), before: 'trained' },
  {
    name: 'UpdateIteration',
    method: 'PATCH',
    path: iteration(),
    model: ['Iteration', () => ({ Name: 'the first one', IsDefault: true })],
  },
  { name: 'GetIteration', method: 'GET', path: iteration() },
  { name: 'GetIterationPerformance', method: 'GET', path: iteration('/performance?threshold=0.5') },
  {
    name: 'GetTaggedImages, of an iteration',
    method: 'GET',
    path: (things) => `${ids('/images/tagged', ['iterationId', 'ITERATION'], ['tagIds', 'DISC'])(things)}&take=1`,
  },
  { name: 'ExportIteration', method: 'POST', path: iteration('/export?platform=ONNX') },
  { name: 'GetExports', method: 'GET', path: iteration('/export'), before: 'exported' },
  {
    name: 'QuickTestImage',
    method: 'POST',
    path: ids('/quicktest/image', ['iterationId', 'ITERATION']),
    form: ['disc-5'],
  },
  {
    name: 'QuickTestImageUrl',
    method: 'POST',
    path: ids('/quicktest/url', ['iterationId', 'ITERATION']),
    model: ['ImageUrl', (things) => ({ Url: things.url('disc-6') })],
  },
  {
    name: 'PredictImage',
    method: 'POST',
    path: predict('/image?application=shop'),
    form: ['disc-7'],
    learn: 'PREDICTION',
  },
  { name: 'PredictImageWithNoStore', method: 'POST', path: predict('/image/nostore'), bytes: 'disc-7' },
  {
    name: 'PredictImageUrl',
    method: 'POST',
    path: predict('/url'),
    model: ['ImageUrl', (things) => ({ Url: things.url('stripes-7') })],
  },
  {
    name: 'PredictImageUrlWithNoStore',
    method: 'POST',
    path: predict('/url/nostore'),
    model: ['ImageUrl', (things) => ({ Url: things.url('stripes-7') })],
  },
  {
    name: 'QueryPredictionResults',
    method: 'POST',
    path: project('/predictions/query'),
    model: ['PredictionQueryToken', () => ({ OrderBy: 'Newest', MaxCount: 10, Application: 'shop' })],
  },
  {
    name: 'CreateImagesFromPredictions',
    method: 'POST',
    path: project('/images/predictions'),
    model: [
      'ImageIdCreateBatch',
      (things) => ({ Images: [{ Id: things.id('PREDICTION') }, { Id: NOTHING }], TagIds: [things.id('DISC')] }),
    ],
  },
  { name: 'DeletePrediction', method: 'DELETE', path: ids('/predictions', ['ids', 'PREDICTION']) },
  { name: 'DeleteTag', method: 'DELETE', path: tag },
  { name: 'DeleteIteration', method: 'DELETE', path: iteration(), before: 'no default' },
];

/** The end of it; what is done before needs the project. */
export const LAST: Operation = { name: 'DeleteProject', method: 'DELETE', path: project() };

const notThere = `/projects/${NOTHING}`;
/** What errors look like. */
export const ERRORS: readonly Operation[] = [
  { name: 'error, Unauthorized', method: 'GET', path: () => '/projects', headers: { 'training-key': 'x' } },
  { name: 'error, NotFoundProject', method: 'GET', path: () => notThere },
  { name: 'error, NotFound', method: 'GET', path: () => '/nothing' },
  { name: 'error, MethodNotAllowed', method: 'PUT', path: () => '/projects' },
  { name: 'error, BadRequestInvalidIds', method: 'GET', path: () => '/projects/1' },
  { name: 'error, BadRequestExceededBatchSize', method: 'GET', path: () => `${notThere}/images/tagged?take=257` },
  { name: 'error, BadRequestRequiredParamIsNull', method: 'POST', path: () => '/projects' },
  { name: 'error, BadRequestImageBatch', method: 'POST', path: project('/images/tags'), model: ['ImageTagCreateBatch', () => ({ Tags: [] })] }, // prettier-ignore
  { name: 'error, BadRequest', method: 'POST', path: project('/images/tags'), broken: true },
  { name: 'error, UnsupportedMediaType', method: 'POST', path: () => `${notThere}/images/tags`, bytes: 'text' },
];
