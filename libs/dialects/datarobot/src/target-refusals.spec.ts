import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { targetContracts, type Rpc } from '@pentaprism/contracts';
import {
  DomainError,
  MAX_COLUMN_NAME_LENGTH,
  MAX_LABEL_LENGTH,
  MAX_TAGS_PER_IMAGE,
  type ErrorCode,
} from '@pentaprism/domain';
import { modeling, project, StandInSystem } from './datarobot.fixture.js';

const PATH = `projects/${project.id}/`;

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answerProject(project, modeling);
});

const get = (tail: string) => system.ask('GET', `${PATH}${tail}`);
const aim = (body: unknown) => system.ask('PATCH', `${PATH}aim/`, { body });
const refuse = (rpc: Rpc, code: ErrorCode, field?: string) =>
  system.answer(rpc, () => {
    throw new DomainError(code, 'why', field === undefined ? {} : { field });
  });

describe('PATCH projects/{id}/aim/', () => {
  it.each([
    ['target', {}],
    ['target', { target: null }],
    ['target', { target: 'x'.repeat(MAX_COLUMN_NAME_LENGTH + 1) }],
    ['mode', { target: 'class', mode: 'semi' }],
    ['metric', { target: 'class', metric: 1 }],
    ['targetType', { target: 'class', targetType: 'binary' }],
    ['positiveClass', { target: 'class', positiveClass: { $ne: 1 } }],
    ['positiveClass', { target: 'class', positiveClass: 'x'.repeat(MAX_LABEL_LENGTH + 1) }],
  ])('names the member %s that is wrong', async (field, body) => {
    const { status, body: error } = await aim(body);
    expect([status, Object.keys(error.errors)]).toEqual([422, [field]]);
    expect(system.calls).toEqual([]);
  });

  it.each([
    ['column', 'target'],
    ['type', 'targetType'],
    ['metric', 'metric'],
    ['positiveClass', 'positiveClass'],
  ])('names a %s that the service refuses by the member %s', async (field, member) => {
    refuse(targetContracts.set, 'INVALID_ARGUMENT', field);
    const { status, headers, body } = await aim({ target: 'class' });
    expect([status, body]).toEqual([422, { message: 'why', errors: { [member]: 'why' } }]);
    expect(headers['location']).toBeUndefined();
  });

  it('names no member if the service names none', async () => {
    refuse(targetContracts.set, 'INVALID_ARGUMENT');
    const { status, body } = await aim({ target: 'class' });
    expect([status, body]).toEqual([422, { message: 'why' }]);
  });
});

describe('GET projects/{id}/images/', () => {
  const together = /^targetValue: cannot be combined with targetBinStart and targetBinEnd$/;
  const many = 'targetValue=a&'.repeat(MAX_TAGS_PER_IMAGE + 1);
  it.each([
    ['targetValue=cat&targetBinStart=0&targetBinEnd=1', 'targetValue', together],
    ['targetValue=cat&targetBinStart=0', 'targetValue', together],
    ['targetBinStart=0', 'targetBinEnd', /is required with targetBinStart/],
    ['targetBinEnd=0', 'targetBinStart', /is required with targetBinEnd/],
    ['targetBinStart=2&targetBinEnd=1', 'targetBinStart', /must not be greater than targetBinEnd/],
    ...['x', '', 'NaN', 'Infinity', '1e999', '0x10', '1,5', '.'].flatMap((edge): [string, string, RegExp][] => [
      [`targetBinStart=${edge}&targetBinEnd=9`, 'targetBinStart', /must be a finite number/],
      [`targetBinStart=0&targetBinEnd=${edge}`, 'targetBinEnd', /must be a finite number/],
    ]),
    [`targetValue=${'x'.repeat(MAX_LABEL_LENGTH + 1)}`, 'targetValue', /./],
    [many, 'targetValue', /./],
    ['column=a&column=b', 'column', /./],
    ['offset=-1', 'offset', /./],
  ])('refuses ?%s with 422, because %s is wrong', async (query, field, message) => {
    const { status, body } = await get(`images/?${query}`);
    expect([status, Object.keys(body.errors), body.message]).toEqual([422, [field], expect.stringMatching(message)]);
    expect(system.calls).toEqual([]);
  });

  it.each([
    ['a value of a regression', 'targetValue=1', undefined, 'targetValue'],
    ['the edges of a bin of a classification', 'targetBinStart=0&targetBinEnd=1', undefined, 'targetBinStart'],
    ['a column that is not one of images', 'column=x&targetValue=1', 'column', 'column'],
  ])('names the parameter of %s, which the service refuses', async (_what, query, field, parameter) => {
    refuse(targetContracts.images, 'INVALID_ARGUMENT', field);
    const { status, body } = await get(`images/?${query}`);
    expect([status, body]).toEqual([422, { message: 'why', errors: { [parameter]: 'why' } }]);
  });
});

describe('GET projects/{id}/imageBins/', () => {
  it('names the parameter of a column that the service refuses', async () => {
    refuse(targetContracts.bins, 'INVALID_ARGUMENT', 'column');
    const { status, body } = await get('imageBins/?featureName=x');
    expect([status, body]).toEqual([422, { message: 'why', errors: { featureName: 'why' } }]);
  });
});

describe.each([
  ['images/', targetContracts.images],
  ['imageBins/?featureName=image', targetContracts.bins],
] as const)('GET projects/{id}/%s of a project without a target', (tail, rpc) => {
  it('is answered with 422, which says where the images are', async () => {
    refuse(rpc, 'FAILED_PRECONDITION');
    const { status, body } = await get(tail);
    expect([status, body.message]).toEqual([422, 'The project has no target. Its images are at imageSamples/.']);
  });
});
