import { describe, expect, it } from '@jest/globals';
import { ARRIVAL_STATUSES, toUuid } from '@pentaprism/domain';
import { canonicalUrl, isV1 } from '../addresses.js';
import { codeOf, REFUSALS, refusal } from './codes.js';
import { idInPath, idOrNothing, isWorkspace, knownIds, workspaceGuid } from './ids.js';
import { answerTypeOf } from './negotiation.js';
import { V1_STATUSES, V3_STATUSES } from './statuses.js';

describe('the type of an answer', () => {
  it.each([
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['image/png', 'application/json'],
    ['application/json, text/json, application/xml, text/xml', 'application/json'],
    ['application/xml, text/xml, text/json', 'text/json'],
    ['text/json', 'text/json'],
    ['text/xml', 'text/xml'],
    ['APPLICATION/XML', 'application/xml'],
    ['application/xml;q=0.9, application/json;q=0.8', 'application/xml'],
    ['application/xml;q=0.5, */*;q=0.5', 'application/json'],
    ['text/xml, */*;q=0.1', 'text/xml'],
    ['application/json;q=0, application/xml;q=0.1', 'application/xml'],
    ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', 'application/xml'],
    ['application/xml;q=x', 'application/json'],
    ['application/xml;q=2', 'application/json'],
    ['text/*', 'text/json'],
    [',,;q=1,;', 'application/json'],
  ])('for %s is %s', (accept, type) => {
    expect(answerTypeOf(accept)).toBe(type);
  });
});

describe('addresses', () => {
  it.each([
    ['/customvision/v1.2/Training/projects', '/customvision/v1.2/Training/projects'],
    [
      '/CustomVision/V1.2/training//Projects/AB/Images/TAGGED?Take=1//2',
      '/customvision/v1.2/Training/projects/AB/images/tagged?Take=1//2',
    ],
    ['//customvision/v3.0/training/projects', '/customvision/v3.4-preview/training/projects'],
    ['/customvision/v3.4-Preview/Training/', '/customvision/v3.4-preview/training'],
    [
      '/customvision/v3.0/Prediction/x/classify/iterations/Url/IMAGE',
      '/customvision/v3.1/prediction/x/classify/iterations/Url/image',
    ],
    ['/customvision/v1.1/prediction/x/Image/NoStore', '/customvision/v1.1/Prediction/x/image/nostore'],
    ['/customvision/v3.5/training/projects', '/customvision/v3.5/training/projects'],
    ['/customvision/v3.3/prediction/x', '/customvision/v3.3/prediction/x'],
    ['/customvision/v1.2/Prediction/x', '/customvision/v1.2/Prediction/x'],
    ['/customvision?x', '/customvision?x'],
  ])('%s is %s', (url, canonical) => {
    expect(canonicalUrl(url)).toBe(canonical);
    expect(canonicalUrl(canonical)).toBe(canonical);
  });

  it.each(['/', '/v1//images', '/customvisions/v1.2', '/x/customvision', '/files/customvision/a'])(
    '%s is not ours',
    (url) => {
      expect(canonicalUrl(url)).toBeUndefined();
    },
  );

  it('tell the generation', () => {
    expect(isV1('/customvision/v1.2/Training/x')).toBe(true);
    expect(isV1('/customvision/v1.1/Prediction/x')).toBe(true);
    expect(isV1('/customvision/v3.4-preview/training/x')).toBe(false);
  });
});

describe('ids', () => {
  const id = '0123456789abcdef01234567';

  it('of a path', () => {
    expect(idInPath(toUuid(id).toUpperCase(), 'project')).toBe(id);
    expect(() => idInPath('x', 'project')).toThrow(
      expect.objectContaining({ details: { wireCode: 'BadRequestInvalidIds' } }),
    );
    expect(() => idInPath(toUuid(id, 1), 'tag')).toThrow(
      expect.objectContaining({ details: { wireCode: 'NotFoundTag' } }),
    );
  });

  it('that stand for nothing', () => {
    const foreign = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
    expect(idOrNothing(foreign)).toBe('0'.repeat(24));
    expect(knownIds([foreign, toUuid(id)])).toEqual([id]);
  });

  it('of the workspace', () => {
    expect(isWorkspace(workspaceGuid(id), id)).toBe(true);
    expect(isWorkspace(workspaceGuid(id), 'f'.repeat(24))).toBe(false);
    expect(isWorkspace(toUuid(id), id)).toBe(false);
  });
});

describe('names of errors', () => {
  it('are kept, and decide the status', () => {
    for (const name of REFUSALS) {
      const error = refusal(name, 'x');
      expect(codeOf(error)).toBe(name);
      const code = name.startsWith('NotFound')
        ? 'NOT_FOUND'
        : name.startsWith('BadRequest')
          ? 'INVALID_ARGUMENT'
          : undefined;
      if (code) expect(error.code).toBe(code);
    }
    expect(refusal('TooManyRequests', 'x')).toMatchObject({ code: 'RATE_LIMITED', details: { retryAfter: 10 } });
  });
});

describe('statuses of images', () => {
  const nine = ['OK', 'OKDuplicate', 'ErrorSource', 'ErrorImageFormat', 'ErrorImageSize', 'ErrorStorage', 'ErrorLimitExceed', 'ErrorTagLimitExceed', 'ErrorUnknown']; // prettier-ignore

  it('are folded from all into the nine of v1.2', () => {
    const folded = ARRIVAL_STATUSES.map((status) => V1_STATUSES[V3_STATUSES[status]]);
    for (const status of folded) expect(nine).toContain(status);
    expect(new Set(folded)).toEqual(new Set(nine));
    expect(V1_STATUSES.ErrorImageDimensions).toBe('ErrorImageSize');
    expect(V1_STATUSES.ErrorInvalidTag).toBe('ErrorUnknown');
  });
});
