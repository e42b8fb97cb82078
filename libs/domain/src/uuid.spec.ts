import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromUuid, isUuid, toUuid } from './uuid.js';

const objectId = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('hex'));

describe('UUIDs of ObjectIds', () => {
  it('are version 8 and give the id back, in any case', () => {
    fc.assert(
      fc.property(objectId, fc.integer({ min: 0, max: 4095 }), (id, kind) => {
        const uuid = toUuid(id, kind);
        expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(fromUuid(uuid, kind)).toBe(id);
        expect(fromUuid(uuid.toUpperCase(), kind)).toBe(id);
        expect(fromUuid(uuid, (kind + 1) % 4096)).toBeUndefined();
        expect(isUuid(uuid)).toBe(true);
      }),
    );
  });

  it('are the only ones that stand for something', () => {
    fc.assert(fc.property(fc.uuid({ version: [1, 4, 7] }), (uuid) => expect(fromUuid(uuid)).toBeUndefined()));
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(fromUuid(text)).toBeUndefined();
        expect(isUuid(text)).toBe(false);
      }),
    );
  });
});
