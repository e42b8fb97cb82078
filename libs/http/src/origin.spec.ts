import { describe, expect, it } from '@jest/globals';
import { isHost } from './origin.js';

describe('isHost', () => {
  it.each(['localhost', '127.0.0.1:3000', 'images.example', 'a_b.example:80', '[::1]', '[fe80::1]:65535'])(
    'takes %s',
    (host) => {
      expect(isHost(host)).toBe(true);
    },
  );

  it.each([
    '',
    ' ',
    'a b',
    'a/b',
    'a?b',
    'a#b',
    'u@h',
    'h:',
    'h:x',
    'h:123456',
    '::1',
    '[::1',
    'é',
    'a\r\nb',
    'a'.repeat(256),
  ])('refuses %j', (host) => {
    expect(isHost(host)).toBe(false);
  });
});
