import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DomainError } from './error.js';
import {
  checkTransformations,
  createRandom,
  drawPlan,
  FLIP_PROBABILITY,
  resolveTransformations,
  TRANSFORMATIONS,
  type AppliedTransformation,
  type TransformationDefinition,
  type TransformationSetting,
} from './transformation.js';

const DEFINITIONS: readonly TransformationDefinition[] = TRANSFORMATIONS;
const everything: TransformationSetting[] = DEFINITIONS.map(({ name }) => ({ name }));

/** Any valid list: a subset in any order, with any values. */
const anySettings: fc.Arbitrary<TransformationSetting[]> = fc.shuffledSubarray([...DEFINITIONS]).chain((chosen) =>
  fc.tuple(
    ...chosen.map((definition) =>
      fc.record({
        name: fc.constant(definition.name),
        enabled: fc.option(fc.boolean(), { nil: undefined }),
        params: fc.tuple(
          ...definition.params.map((param) =>
            fc.record({
              name: fc.constant(param.name),
              currentValue: fc.option(
                param.type === 'int'
                  ? fc.integer({ min: param.min, max: param.max })
                  : fc.double({ min: param.min, max: param.max, noNaN: true }),
                { nil: undefined },
              ),
            }),
          ),
        ),
      }),
    ),
  ),
);

function refusal(settings: TransformationSetting[]): { message: string; field: unknown } {
  try {
    checkTransformations(settings);
  } catch (error) {
    if (!DomainError.is(error, 'INVALID_ARGUMENT')) throw error;
    return { message: error.message, field: error.details['field'] };
  }
  throw new Error('It was accepted.');
}

describe('the catalogue', () => {
  it('has unique names and defaults within its bounds', () => {
    expect(new Set(DEFINITIONS.map(({ name }) => name)).size).toBe(DEFINITIONS.length);
    for (const param of DEFINITIONS.flatMap(({ params }) => params)) {
      expect(param.default).toBeGreaterThanOrEqual(param.min);
      expect(param.default).toBeLessThanOrEqual(param.max);
    }
  });

  it('exempts the flips, and only them, from the probability', () => {
    const exempt = DEFINITIONS.filter(({ obeysProbability }) => !obeysProbability).map(({ name }) => name);
    expect(exempt).toEqual(['horizontal_flip', 'vertical_flip']);
  });
});

describe('checkTransformations', () => {
  const rotation = (params: TransformationSetting['params']) => [{ name: 'blur' }, { name: 'rotation', params }];
  const degrees = 'max_rotation_degrees';
  const place = 'transformations[1].params[0]';

  it.each([
    [[{ name: 'solarize' }], 'transformations[0].name', /no such transformation/],
    [[{ name: '__proto__' }], 'transformations[0].name', /no such transformation/],
    [[{ name: 'shift' }, { name: 'shift' }], 'transformations[1].name', /listed twice/],
    [rotation([{ name: 'max_proportion' }]), `${place}.name`, /it has max_rotation_degrees/],
    [[{ name: 'vertical_flip', params: [{ name: 'x' }] }], 'transformations[0].params[0].name', /it has none/],
    [rotation([{ name: degrees }, { name: degrees }]), 'transformations[1].params[1].name', /listed twice/],
    [rotation([{ name: degrees, currentValue: 181 }]), `${place}.currentValue`, /from 1 to 180/],
    [rotation([{ name: degrees, currentValue: 0 }]), `${place}.currentValue`, /from 1 to 180/],
    [rotation([{ name: degrees, currentValue: 1.5 }]), `${place}.currentValue`, /whole/],
    [rotation([{ name: degrees, currentValue: NaN }]), `${place}.currentValue`, /finite/],
    [rotation([{ name: degrees, maxValue: Infinity }]), `${place}.maxValue`, /finite/],
    [rotation([{ name: degrees, minValue: -1 }]), `${place}.minValue`, /from 1 to 180/],
  ])('refuses %j', (settings, field, message) => {
    const refused = refusal(settings as TransformationSetting[]);
    expect(refused.field).toBe(field);
    expect(refused.message).toMatch(message);
  });

  it('accepts every valid list and leaves it as it is', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const before = structuredClone(settings);
        checkTransformations(settings);
        expect(JSON.stringify(settings)).toBe(JSON.stringify(before));
      }),
    );
  });
});

describe('resolveTransformations', () => {
  it('fills in defaults, leaves out what is disabled, and follows the catalogue', () => {
    const resolved = resolveTransformations([
      { name: 'cutout', params: [{ name: 'max_width', currentValue: 7 }] },
      { name: 'noise', enabled: false },
      { name: 'rotation', enabled: true },
    ]);
    expect(resolved).toEqual([
      { name: 'rotation', params: { max_rotation_degrees: 30 } },
      { name: 'cutout', params: { num_holes: 3, max_height: 48, max_width: 7 } },
    ]);
  });

  it('does not depend on the order of the list', () => {
    const turned = resolveTransformations([...everything].reverse());
    expect(turned).toEqual(resolveTransformations(everything));
  });
});

describe('createRandom', () => {
  it('gives known numbers for a known seed, on every machine', () => {
    const random = createRandom('pentaprism');
    const first = Array.from({ length: 3 }, () => random() * 2 ** 32);
    expect(first).toEqual([4091032316, 3075203647, 3313445157]);
  });

  it('is uniform, and independent between similar seeds', () => {
    const means = Array.from({ length: 50 }, (_, seed) => {
      const random = createRandom(`list:${seed}`);
      return Array.from({ length: 200 }, random).reduce((sum, value) => sum + value, 0) / 200;
    });
    const mean = means.reduce((sum, value) => sum + value, 0) / 50;
    // Ten thousand draws: a standard error of 0.0029, and 0.0204 for each seed's mean.
    expect(Math.abs(mean - 0.5)).toBeLessThan(4 * 0.0029);
    expect(new Set(means).size).toBe(50);
    expect(Math.max(...means.map((value) => Math.abs(value - 0.5)))).toBeLessThan(4 * 0.0204);
  });
});

describe('drawPlan', () => {
  const plans = (probability: number, count: number): AppliedTransformation[][] =>
    Array.from({ length: count }, (_, seed) =>
      drawPlan(resolveTransformations(everything), probability, createRandom(`image:${seed}`)),
    );

  it.each([0, 0.1, 0.5, 0.75, 1])('honours the probability %d, and 50 %% for flips', (probability) => {
    const count = 4000;
    const drawn = plans(probability, count);
    for (const { name, obeysProbability } of DEFINITIONS) {
      const expected = obeysProbability ? probability : FLIP_PROBABILITY;
      const hits = drawn.filter((plan) => plan.some((applied) => applied.name === name)).length;
      // Four standard deviations of the binomial: the seeds are fixed, so this either holds or is a defect.
      expect(Math.abs(hits / count - expected)).toBeLessThanOrEqual(4 * Math.sqrt((expected * (1 - expected)) / count));
    }
  });

  it('decides for each transformation independently', () => {
    const count = 4000;
    const both = plans(0.5, count).filter((plan) => {
      const names = plan.map(({ name }) => name);
      return names.includes('horizontal_flip') && names.includes('vertical_flip');
    });
    expect(Math.abs(both.length / count - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / count));
  });

  it('draws the same again from the same seed, and survives JSON', () => {
    fc.assert(
      fc.property(anySettings, fc.double({ min: 0, max: 1, noNaN: true }), fc.string(), (settings, share, seed) => {
        const resolved = resolveTransformations(settings);
        const plan = drawPlan(resolved, share, createRandom(seed));
        expect(drawPlan(structuredClone(resolved), share, createRandom(seed))).toEqual(plan);
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
      }),
    );
  });

  it('keeps the others as they were when one is added, removed or changed', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...DEFINITIONS), (seed, definition) => {
        const without = everything.filter(({ name }) => name !== definition.name);
        const all = drawPlan(resolveTransformations(everything), 0.5, createRandom(seed));
        const fewer = drawPlan(resolveTransformations(without), 0.5, createRandom(seed));
        expect(fewer).toEqual(all.filter(({ name }) => name !== definition.name));
      }),
    );
  });

  it('draws values within the parameters', () => {
    fc.assert(
      fc.property(anySettings, fc.string(), (settings, seed) => {
        const resolved = resolveTransformations(settings);
        for (const applied of drawPlan(resolved, 1, createRandom(seed))) {
          const params: Readonly<Record<string, number>> =
            resolved.find(({ name }) => name === applied.name)?.params ?? {};
          expect(withinParams(applied, params)).toBe(true);
        }
      }),
    );
  });
});

function withinParams(applied: AppliedTransformation, params: Readonly<Record<string, number>>): boolean {
  const param = (name: string): number => params[name] as number;
  switch (applied.name) {
    case 'horizontal_flip':
    case 'vertical_flip':
      return true;
    case 'rotation':
      return Math.abs(applied.degrees) <= param('max_rotation_degrees');
    case 'scale':
      return Math.abs(Math.log(applied.factor)) <= Math.log(1 + param('max_proportion')) + 1e-12;
    case 'shift':
      return Math.max(Math.abs(applied.x), Math.abs(applied.y)) <= param('max_proportion');
    case 'blur':
      return applied.filterSize % 2 === 1 && applied.filterSize >= 3 && applied.filterSize <= param('max_filter_size');
    case 'brightness':
    case 'contrast':
      return Math.abs(applied.change) <= param('max_change');
    case 'noise':
      return applied.standardDeviation <= param('max_standard_deviation') && Number.isInteger(applied.seed);
    case 'cutout':
      return (
        applied.holes.length === param('num_holes') &&
        applied.holes.every(({ width, height }) => width <= param('max_width') && height <= param('max_height'))
      );
  }
}
