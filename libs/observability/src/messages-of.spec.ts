import { describe, expect, it } from '@jest/globals';
import { messagesOf } from './messages-of.js';

describe('messagesOf', () => {
  it('returns the message of an error and those of its causes', () => {
    const error = new Error('no image', { cause: new Error('fetch failed', { cause: new Error('no address') }) });

    expect(messagesOf(error)).toBe('no image: fetch failed: no address');
  });

  it('ends where a cause is no error', () => {
    expect(messagesOf(new Error('no image', { cause: 'a text' }))).toBe('no image');
  });

  it('ends although the causes are a circle', () => {
    const error = new Error('again');
    error.cause = error;

    expect(messagesOf(error)).toBe(Array(6).fill('again').join(': '));
  });
});
