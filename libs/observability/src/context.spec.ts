import { describe, expect, it } from '@jest/globals';
import { currentContext, newTraceId, runWithContext, traceIdFrom } from './context.js';

const id = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('the context', () => {
  it('lasts across awaits and is that of the innermost run', async () => {
    const outer = { traceId: id, workspace: 'a', actor: 'x' };
    await runWithContext(outer, async () => {
      await Promise.resolve();
      expect(currentContext()).toBe(outer);
      runWithContext({ ...outer, workspace: 'b' }, () => expect(currentContext()?.workspace).toBe('b'));
      expect(currentContext()).toBe(outer);
    });
    expect(currentContext()).toBeUndefined();
  });
});

describe('a trace id', () => {
  it('is taken from a traceparent header', () => {
    expect(traceIdFrom(`00-${id}-00f067aa0ba902b7-01`)).toBe(id);
  });

  it.each([
    undefined,
    '',
    id,
    `00-${id}-00f067aa0ba902b7`,
    `00-${id.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${id}-00f067aa0ba902b7-01\r\nEvil: 1`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  ])('is a new one instead of what %j holds', (header) => {
    const trace = traceIdFrom(header);
    expect(trace).toMatch(/^[0-9a-f]{32}$/);
    expect(trace).not.toBe(id);
    expect(trace).not.toBe('0'.repeat(32));
  });

  it('is not given twice', () => {
    expect(new Set(Array.from({ length: 1000 }, newTraceId)).size).toBe(1000);
  });
});
