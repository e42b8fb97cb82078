/**
 * Image augmentation: which transformations exist, what users may set, and how a seed becomes concrete values.
 *
 * Everything here is data and pure functions: the pixels are changed elsewhere, from the plan that is drawn here. The
 * vocabulary follows DataRobot's train-time image augmentation, whose clients show it.
 */
import { DomainError } from './error.js';

export interface TransformationParam {
  readonly name: string;
  readonly label: string;
  readonly type: 'int' | 'float';
  readonly min: number;
  readonly default: number;
  readonly max: number;
}

export interface TransformationDefinition {
  readonly name: string;
  readonly label: string;
  /** False for the flips: they are applied with `FLIP_PROBABILITY`, whatever a list says. */
  readonly obeysProbability: boolean;
  readonly enabledByDefault: boolean;
  readonly params: readonly TransformationParam[];
}

/** Flips have no strength that could be small, so they always happen to half of the pictures. */
export const FLIP_PROBABILITY = 0.5;

/**
 * Pixels in parameters are pixels of a picture whose longer side is this (the input of common backbones), so that one
 * setting looks alike on a phone's photo and on its thumbnail.
 */
export const REFERENCE_SIDE = 224;

/** What a list may ask for, and what options show: the share of pictures to which a transformation is applied. */
export const TRANSFORMATION_PROBABILITY = { min: 0, default: 0.75, max: 1 } as const;
/** New pictures that a list makes from each original. */
export const MAX_NEW_IMAGES_PER_IMAGE = 10;
export const NEW_IMAGES_PER_IMAGE = { min: 1, default: 1, max: MAX_NEW_IMAGES_PER_IMAGE } as const;
/** Originals that one sample job takes. */
export const MAX_SAMPLE_ROWS = 25;
/** New pictures that one sample job makes: about 15 s of one core for large photos. */
export const MAX_SAMPLE_IMAGES_PER_JOB = MAX_NEW_IMAGES_PER_IMAGE * MAX_SAMPLE_ROWS;

const proportion = <N extends string>(name: N, label: string, byDefault: number, max: number) =>
  ({ name, label, type: 'float', min: 0, default: byDefault, max }) as const;

/**
 * The order is that of application, whatever the order in a list: geometry first, so that it is one resampling; cut-outs
 * last, so that nothing paints over them. New entries go to the end: the draws of those before them stay as they are.
 */
export const TRANSFORMATIONS = [
  { name: 'horizontal_flip', label: 'Horizontal flip', obeysProbability: false, enabledByDefault: true, params: [] },
  { name: 'vertical_flip', label: 'Vertical flip', obeysProbability: false, enabledByDefault: false, params: [] },
  {
    name: 'rotation',
    label: 'Rotation',
    obeysProbability: true,
    enabledByDefault: true,
    params: [{ name: 'max_rotation_degrees', label: 'Maximum degrees', type: 'int', min: 1, default: 30, max: 180 }],
  },
  {
    name: 'scale',
    label: 'Scale',
    obeysProbability: true,
    enabledByDefault: true,
    params: [proportion('max_proportion', 'Maximum proportion', 0.2, 1)],
  },
  {
    name: 'shift',
    label: 'Shift',
    obeysProbability: true,
    enabledByDefault: true,
    params: [proportion('max_proportion', 'Maximum proportion', 0.1, 0.5)],
  },
  {
    name: 'blur',
    label: 'Blur',
    obeysProbability: true,
    enabledByDefault: false,
    params: [{ name: 'max_filter_size', label: 'Maximum filter size', type: 'int', min: 3, default: 7, max: 31 }],
  },
  {
    name: 'brightness',
    label: 'Brightness',
    obeysProbability: true,
    enabledByDefault: false,
    params: [proportion('max_change', 'Maximum change', 0.3, 0.9)],
  },
  {
    name: 'contrast',
    label: 'Contrast',
    obeysProbability: true,
    enabledByDefault: false,
    params: [proportion('max_change', 'Maximum change', 0.3, 0.9)],
  },
  {
    name: 'noise',
    label: 'Noise',
    obeysProbability: true,
    enabledByDefault: false,
    // As a share of the whole range from black to white.
    params: [proportion('max_standard_deviation', 'Maximum standard deviation', 0.08, 0.5)],
  },
  {
    name: 'cutout',
    label: 'Cutout',
    obeysProbability: true,
    enabledByDefault: false,
    params: [
      { name: 'num_holes', label: 'Number of holes', type: 'int', min: 1, default: 3, max: 32 },
      { name: 'max_height', label: 'Maximum height', type: 'int', min: 1, default: 48, max: REFERENCE_SIDE },
      { name: 'max_width', label: 'Maximum width', type: 'int', min: 1, default: 48, max: REFERENCE_SIDE },
    ],
  },
] as const satisfies readonly TransformationDefinition[];

type Definition = (typeof TRANSFORMATIONS)[number];
export type TransformationName = Definition['name'];
type ParamName<N extends TransformationName> = Extract<Definition, { name: N }>['params'][number]['name'];
type ParamValues<N extends TransformationName> = Readonly<Record<ParamName<N>, number>>;

/** What users store. It is kept exactly as it was sent; only `currentValue` has an effect. */
export interface TransformationSetting {
  name: string;
  enabled?: boolean | undefined;
  params?:
    | {
        name: string;
        currentValue?: number | undefined;
        minValue?: number | undefined;
        maxValue?: number | undefined;
      }[]
    | undefined;
}

/** An enabled transformation with a value for each of its parameters. */
export type ResolvedTransformation = {
  [N in TransformationName]: { readonly name: N; readonly params: ParamValues<N> };
}[TransformationName];

/** A rectangle as shares of the picture's width and height (its centre), and in reference pixels (its size). */
export interface CutoutHole {
  readonly centerX: number;
  readonly centerY: number;
  readonly width: number;
  readonly height: number;
}

/** One transformation with the values that were drawn for one new picture. JSON, and enough to make it again. */
export type AppliedTransformation =
  | { readonly name: 'horizontal_flip' }
  | { readonly name: 'vertical_flip' }
  /** Clockwise. */
  | { readonly name: 'rotation'; readonly degrees: number }
  /** Above 1 enlarges. */
  | { readonly name: 'scale'; readonly factor: number }
  /** To the right and down, as shares of width and height. */
  | { readonly name: 'shift'; readonly x: number; readonly y: number }
  /** The side of a Gaussian filter in reference pixels: odd. */
  | { readonly name: 'blur'; readonly filterSize: number }
  /** Above 0 is brighter, respectively of more contrast. */
  | { readonly name: 'brightness'; readonly change: number }
  | { readonly name: 'contrast'; readonly change: number }
  /** A share of the range from black to white; `seed` (32 bits) gives every pixel's deviation. */
  | { readonly name: 'noise'; readonly standardDeviation: number; readonly seed: number }
  | { readonly name: 'cutout'; readonly holes: readonly CutoutHole[] };

export type Applied<N extends TransformationName> = Extract<AppliedTransformation, { name: N }>;

/**
 * Checks settings against the catalogue.
 *
 * @throws DomainError INVALID_ARGUMENT with `details.field`, such as `transformations[2].params[0].currentValue`
 */
export function checkTransformations(settings: readonly TransformationSetting[]): void {
  const names = new Set<string>();
  settings.forEach((setting, index) => {
    const field = `transformations[${index}]`;
    const definition: TransformationDefinition | undefined = TRANSFORMATIONS.find(({ name }) => name === setting.name);
    if (definition === undefined) {
      const known = TRANSFORMATIONS.map(({ name }) => name).join(', ');
      refuse(`There is no such transformation; those that exist are ${known}.`, `${field}.name`);
    }
    if (names.has(setting.name)) refuse(`The transformation ${setting.name} is listed twice.`, `${field}.name`);
    names.add(setting.name);
    checkParams(definition, setting.params ?? [], field);
  });
}

function checkParams(
  definition: TransformationDefinition,
  params: NonNullable<TransformationSetting['params']>,
  field: string,
): void {
  const seen = new Set<string>();
  params.forEach((given, index) => {
    const place = `${field}.params[${index}]`;
    const param = definition.params.find(({ name }) => name === given.name);
    if (param === undefined) {
      const known = definition.params.map(({ name }) => name).join(', ') || 'none';
      refuse(`The transformation ${definition.name} has no such parameter; it has ${known}.`, `${place}.name`);
    }
    if (seen.has(param.name)) refuse(`The parameter ${param.name} is listed twice.`, `${place}.name`);
    seen.add(param.name);
    for (const key of ['currentValue', 'minValue', 'maxValue'] as const) {
      const value = given[key];
      if (value !== undefined) checkValue(param, value, `${place}.${key}`);
    }
  });
}

function checkValue({ name, type, min, max }: TransformationParam, value: number, field: string): void {
  if (!Number.isFinite(value)) refuse(`The value of ${name} must be a finite number.`, field);
  if (type === 'int' && !Number.isInteger(value)) refuse(`The value of ${name} must be a whole number.`, field);
  if (value < min || value > max) refuse(`The value of ${name} must be from ${min} to ${max}.`, field);
}

function refuse(message: string, field: string): never {
  throw new DomainError('INVALID_ARGUMENT', message, { field });
}

/**
 * The enabled transformations (`enabled` absent means enabled) in the catalogue's order, each parameter filled in from
 * `currentValue` or its default. The order of the list has no effect, so lists that differ in it only give equal pictures.
 *
 * @throws DomainError INVALID_ARGUMENT as `checkTransformations` does
 */
export function resolveTransformations(settings: readonly TransformationSetting[]): ResolvedTransformation[] {
  checkTransformations(settings);
  const resolved: ResolvedTransformation[] = [];
  for (const definition of TRANSFORMATIONS) {
    const setting = settings.find(({ name }) => name === definition.name);
    if (setting === undefined || setting.enabled === false) continue;
    const params = Object.fromEntries(
      definition.params.map((param) => {
        const given = setting.params?.find(({ name }) => name === param.name);
        return [param.name, given?.currentValue ?? param.default];
      }),
    );
    resolved.push({ name: definition.name, params } as ResolvedTransformation);
  }
  return resolved;
}

/** Uniform in [0, 1), in steps of 2^-32. */
export type Random = () => number;

/**
 * A repeatable sequence: one seed gives the same numbers on every machine (32-bit integer arithmetic only).
 *
 * The generator is sfc32 by Chris Doty-Humphrey (PractRand, public domain). Its 128 bits of state come from the UTF-16
 * units of the seed by cyrb128 (by bryc, public domain), which mixes with MurmurHash3's constants.
 */
export function createRandom(seed: string): Random {
  let [h1, h2, h3, h4] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let i = 0; i < seed.length; i++) {
    const unit = seed.charCodeAt(i);
    h1 = h2 ^ Math.imul(h1 ^ unit, 597399067);
    h2 = h3 ^ Math.imul(h2 ^ unit, 2869860233);
    h3 = h4 ^ Math.imul(h3 ^ unit, 951274213);
    h4 = h1 ^ Math.imul(h4 ^ unit, 2716044179);
  }
  h1 = Math.imul(h3 ^ (h1 >>> 18), 597399067);
  h2 = Math.imul(h4 ^ (h2 >>> 22), 2869860233);
  h3 = Math.imul(h1 ^ (h3 >>> 17), 951274213);
  h4 = Math.imul(h2 ^ (h4 >>> 19), 2716044179);
  return sfc32(h1 ^ h2 ^ h3 ^ h4, h2 ^ h1, h3 ^ h1, h4 ^ h1);
}

function sfc32(a: number, b: number, c: number, counter: number): Random {
  const next: Random = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // PractRand discards this many to spread a sparse seed over the state.
  for (let i = 0; i < 15; i++) next();
  return next;
}

const uint32 = (random: Random): number => Math.floor(random() * 2 ** 32);
const within = (random: Random, from: number, to: number): number => from + random() * (to - from);
const eitherWay = (random: Random, max: number): number => within(random, -max, max);
const wholeWithin = (random: Random, from: number, to: number): number => from + Math.floor(random() * (to - from + 1));

const DRAW: { readonly [N in TransformationName]: (params: ParamValues<N>, random: Random) => Applied<N> } = {
  horizontal_flip: () => ({ name: 'horizontal_flip' }),
  vertical_flip: () => ({ name: 'vertical_flip' }),
  rotation: (params, random) => ({ name: 'rotation', degrees: eitherWay(random, params.max_rotation_degrees) }),
  // Uniform in the logarithm: doubling is as likely as halving.
  scale: (params, random) => ({ name: 'scale', factor: (1 + params.max_proportion) ** eitherWay(random, 1) }),
  shift: (params, random) => ({
    name: 'shift',
    x: eitherWay(random, params.max_proportion),
    y: eitherWay(random, params.max_proportion),
  }),
  blur: (params, random) => ({
    name: 'blur',
    filterSize: 1 + 2 * wholeWithin(random, 1, Math.floor((params.max_filter_size - 1) / 2)),
  }),
  brightness: (params, random) => ({ name: 'brightness', change: eitherWay(random, params.max_change) }),
  contrast: (params, random) => ({ name: 'contrast', change: eitherWay(random, params.max_change) }),
  noise: (params, random) => ({
    name: 'noise',
    // At least a quarter of the maximum: less is not seen.
    standardDeviation: within(random, params.max_standard_deviation / 4, params.max_standard_deviation),
    seed: uint32(random),
  }),
  cutout: (params, random) => ({
    name: 'cutout',
    holes: Array.from({ length: params.num_holes }, () => ({
      centerX: random(),
      centerY: random(),
      // At least half of the maximum: smaller holes are not seen.
      width: within(random, params.max_width / 2, params.max_width),
      height: within(random, params.max_height / 2, params.max_height),
    })),
  }),
};

/**
 * Decides which transformations one new picture gets, and draws their values.
 *
 * Each transformation of the catalogue, enabled or not, draws from a sequence of its own: switching one on or off, or
 * changing its parameters, leaves the decisions and values of the others as they were.
 *
 * @param probability share of pictures to which each is applied, from 0 to 1; flips use `FLIP_PROBABILITY`
 */
export function drawPlan(
  resolved: readonly ResolvedTransformation[],
  probability: number,
  random: Random,
): AppliedTransformation[] {
  const plan: AppliedTransformation[] = [];
  for (const definition of TRANSFORMATIONS) {
    const own = sfc32(uint32(random), uint32(random), uint32(random), uint32(random));
    const transformation = resolved.find(({ name }) => name === definition.name);
    if (transformation === undefined) continue;
    const applied = own() < (definition.obeysProbability ? probability : FLIP_PROBABILITY);
    if (applied) plan.push(draw(transformation, own));
  }
  return plan;
}

function draw(transformation: ResolvedTransformation, random: Random): AppliedTransformation {
  // TypeScript cannot relate the two unions; the types of `DRAW` and of `ResolvedTransformation` relate each member.
  const drawer = DRAW[transformation.name] as (params: object, random: Random) => AppliedTransformation;
  return drawer(transformation.params, random);
}
