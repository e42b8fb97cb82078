import type { Random } from '@pentaprism/domain';
import { toUuid } from '@pentaprism/domain';
import type { Route, Schema } from './routes.js';
import { NOBODYS } from './vision-workspace.js';
import type { Kind } from './workspace.js';

/** A place of a request for an id. */
export interface Slot {
  readonly where: 'path' | 'query' | 'body';
  /** Of a member of a member with dots, and with brackets for what is in a list. */
  readonly name: string;
  readonly kind: Kind | undefined;
}

/** What a path parameter is an id of, by the path up to it. */
const IN_PATH: readonly (readonly [RegExp, Kind])[] = [
  [/^\/customvision\/.*\/\{projectId\}$/, 'visionProject'],
  [/^\/customvision\/.*\/\{tagId\}$/, 'visionTag'],
  [/^\/customvision\/.*\/\{imageId\}$/, 'visionImage'],
  [/^\/customvision\/.*\/\{iterationId\}$/, 'iteration'],
  [/^\/customvision\/.*\/\{publishedName\}$/, 'publishedName'],
  [/^\/v1\/images\/\{id\}$/, 'imageNumber'],
  [/^\/v1\/tags\/\{id\}$/, 'tagNumber'],
  [/^\/api\/dsio\/filters\/v1\/images\/\{id\}$/, 'radiograph'],
  [/^\/api\/dsio\/modality\/v1\/acquisition\/\{sessionId\}$/, 'session'],
  // One in the session that was asked for before it.
  [/^\/api\/dsio\/modality\/v1\/.+\/images\/\{imageId\}$/, 'sessionImage'],
  [/^\/api\/v2\/.*\/images\/\{imageId\}$/, 'image'],
  // One in the project that was made for it.
  [/^\/api\/v2\/.*\/models\/\{modelId\}$/, 'model'],
  [/^\/api\/v2\/.*\/jobs\/\{jobId\}$/, 'jobNumber'],
  [/^\/api\/v2\/.*\/modelJobs\/\{jobId\}$/, 'modelJobNumber'],
  [/^\/api\/v2\/.*\/predictJobs\/\{jobId\}$/, 'predictJobNumber'],
  [/\/predictionDatasets\/\{datasetId\}$/, 'predictionDataset'],
  [/^\/api\/v2\/.*\/predictions\/\{predictionId\}$/, 'tablePrediction'],
  [/\/\{projectId\}$/, 'project'],
  [/\/datasets\/\{datasetId\}$/, 'dataset'],
  [/\/imageAugmentationLists\/\{augmentationId\}$/, 'list'],
  [/\/imageAugmentationSamples\/\{samplesId\}$/, 'samples'],
  [/\/status\/\{statusId\}$/, 'status'],
  [/^\/keys\/\{id\}$/, 'key'],
];
/** The same for routes whose image has to be one of a project: an augmented one is similar to none. */
const OF_PROJECT_IMAGE = /^GET \/api\/v2\/.*\/images\/\{imageId\}\/similar$/;
/** The same for routes whose `projectId` has to be that of another kind of project. */
const OF_ROUTE: readonly (readonly [RegExp, Kind])[] = [
  // Projects that each workspace has cannot be deleted, and have no target.
  [/^(?:DELETE \/api\/v2\/projects\/\{projectId\}|PATCH \/api\/v2\/projects\/\{projectId\}\/aim)$/, 'datasetProject'],
  [/^GET \/api\/v2\/projects\/\{projectId\}\/(?:images|imageBins)$/, 'aimedProject'],
  [/^POST \/api\/v2\/projects\/\{projectId\}\/(?:autopilots?|models)$/, 'aimedProject'],
  [/^GET \/api\/v2\/projects\/\{projectId\}\/(?:models\/|recommendedModels)/, 'modeledProject'],
  [/^(?:DELETE|POST) \/api\/v2\/projects\/\{projectId\}\/models\//, 'modeledProject'],
  [/^\w+ \/api\/v2\/projects\/\{projectId\}\/(?:jobs|modelJobs|predictJobs)\/\{/, 'jobProject'],
  [/^\w+ \/api\/v2\/projects\/\{projectId\}\/predictions/, 'modeledProject'],
  [/^\w+ \/api\/v2\/projects\/\{projectId\}\/predictionDatasets\//, 'modeledProject'],
];
/** The names of parameters and members that are no ids of something in a workspace. */
const NO_IDS: ReadonlySet<string> = new Set(['path', 'datasetVersionId', 'featurelistId', 'blueprintId']);
/** The same for parameters of the query and members of a body, by their names. */
const ELSEWHERE: Readonly<Record<string, Kind>> = {
  datasetId: 'dataset',
  projectId: 'project',
  samplesId: 'samples',
  sessionId: 'session',
  imageId: 'sessionImage',
  exact_tags: 'tagName',
  match_tags: 'tagName',
};
/** Members of the body of `predictions/`. */
const OF_PREDICTIONS: Readonly<Record<string, Kind>> = { modelId: 'model', datasetId: 'predictionDataset' };
/** And of Custom Vision, where `tags[].id` is the name of a member of a list. */
const OF_VISION: Readonly<Record<string, Kind>> = {
  tagIds: 'visionTag',
  imageIds: 'visionImage',
  iterationId: 'iteration',
  ids: 'prediction',
  'tagIds[]': 'visionTag',
  'images[].tagIds[]': 'visionTag',
  'images[].id': 'prediction',
  'tags[].imageId': 'visionImage',
  'tags[].tagId': 'visionTag',
  'tags[].id': 'visionTag',
  'selectedTags[]': 'visionTag',
};
const LOOKS_LIKE_AN_ID = /(?:^ids?|_id|Id|_ids|Ids|\.id|Tags)(?:\[\])?$/;
const NUMBERS: readonly Kind[] = [
  ...(['imageNumber', 'tagNumber', 'jobNumber', 'modelJobNumber', 'predictJobNumber'] as const),
];
const VISION_GUIDS: readonly (Kind | undefined)[] = [
  ...(['visionProject', 'visionTag', 'visionImage', 'iteration', 'prediction'] as const),
];

export function isVision({ path }: Pick<Route, 'path'>): boolean {
  return path.startsWith('/customvision/');
}

export function slotsOf(route: Route): Slot[] {
  const { method, path, pathParameters, queryParameters, body } = route;
  const isAnothers = (name: string) =>
    isVision(route) ? !Object.hasOwn(NOBODYS, name.split('.').at(-1) ?? '') : !NO_IDS.has(name);
  const ofRoute = OF_ROUTE.find(([pattern]) => pattern.test(`${method} ${path}`))?.[1];
  const ofImage: Kind | undefined = OF_PROJECT_IMAGE.test(`${method} ${path}`) ? 'projectImage' : undefined;
  const inPath = pathParameters.filter(isAnothers).map((name): Slot => {
    const upTo = path.slice(0, path.indexOf(`{${name}}`) + name.length + 2);
    return {
      where: 'path',
      name,
      kind:
        (name === 'projectId' ? ofRoute : name === 'imageId' ? ofImage : undefined) ??
        IN_PATH.find(([pattern]) => pattern.test(upTo))?.[1],
    };
  });
  const others = /^\/api\/v2\/.*\/predictions$/.test(path) ? OF_PREDICTIONS : ELSEWHERE;
  const known = isVision(route) ? OF_VISION : others;
  const elsewhere = (where: 'query' | 'body', names: readonly string[]) =>
    names
      .filter((name) => Object.hasOwn(known, name) || LOOKS_LIKE_AN_ID.test(name))
      .filter(isAnothers)
      .map((name): Slot => ({ where, name, kind: known[name] }));
  return [...inPath, ...elsewhere('query', queryParameters), ...elsewhere('body', body ? membersOf(body) : [])];
}

/** Everything in a body that is a value, at any depth. */
function membersOf({ properties, items }: Schema, name = ''): string[] {
  if (items) return membersOf(items, `${name}[]`);
  if (!properties) return name === '' ? [] : [name];
  return Object.entries(properties).flatMap(([key, each]) => membersOf(each, name === '' ? key : `${name}.${key}`));
}

/** Writes a value where `membersOf` found it: into each entry of a list, and a list with it alone. */
export function setMember(body: Record<string, unknown>, name: string, value: string): void {
  const [first = '', ...rest] = name.split('.');
  const key = first.replace('[]', '');
  if (rest.length === 0) body[key] = first.endsWith('[]') ? [value] : value;
  else {
    const inside = (body[key] ??= first.endsWith('[]') ? [{}] : {});
    for (const each of [inside].flat()) setMember(each as Record<string, unknown>, rest.join('.'), value);
  }
}

/** All choices of at least one. */
export function subsets<T>(items: readonly T[]): T[][] {
  const all = items.reduce<T[][]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]]);
  return all.filter((set) => set.length > 0);
}

/** What nobody has, in each way in which nobody can have it. */
export function unknownIds(kind: Kind, random: Random): readonly [string, string] {
  if (!VISION_GUIDS.includes(kind)) {
    const id = unknownId(kind, random);
    return [id, id];
  }
  // As all that are given here, and as others give them.
  return [toUuid(hex(random, 24)), uuid(random)];
}

function unknownId(kind: Kind, random: Random): string {
  if (NUMBERS.includes(kind)) return String(500_000 + Math.floor(random() * 400_000));
  if (kind === 'key') return hex(random, 16);
  if (kind === 'radiograph' || kind === 'session' || kind === 'sessionImage') return uuid(random);
  return kind === 'tagName' || kind === 'publishedName' ? `nobodys-${hex(random, 8)}` : hex(random, 24);
}

export function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
}

/** Version 4. */
function uuid(random: Random): string {
  const variant = '89ab'[Math.floor(random() * 4)];
  const parts = [hex(random, 8), hex(random, 4), `4${hex(random, 3)}`, `${variant}${hex(random, 3)}`, hex(random, 12)];
  return parts.join('-');
}
