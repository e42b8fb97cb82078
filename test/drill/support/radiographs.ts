import type { Random } from '@pentaprism/domain';
import { grayPng } from '../../e2e/support/filters.js';
import { chunk } from '../../e2e/support/samples.js';

/** Of noise: no other radiograph has these bytes, and none has the picture that is made of them. */
export function radiograph(random: Random, comment = ''): Buffer {
  const extra = comment === '' ? [] : [chunk('tEXt', Buffer.from(`Comment\0${comment}`))];
  return grayPng({ width: 24, height: 16, value: () => Math.floor(random() * 4096), extra });
}
