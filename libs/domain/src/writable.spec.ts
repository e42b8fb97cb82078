import { describe, expect, it } from '@jest/globals';
import { isWritable } from './writable.js';

describe('isWritable', () => {
  it.each(['photos', 'blå triangel', '🐈', '\ufffd', '\u{10fffe}'])('accepts %j', (name) => {
    expect(isWritable(name)).toBe(true);
  });

  it.each(['a\0', 'a\nb', 'a\tb', '\x7f', '\x85', '\ufffe', '\uffff'])('rejects %j', (name) => {
    expect(isWritable(name)).toBe(false);
  });
});
