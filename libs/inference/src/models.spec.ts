import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { backbonePath, DEFAULT_BACKBONE_PATH } from './default-backbone.js';

const models = new URL('../models/', import.meta.url);

describe('the default backbone', () => {
  it('is the file that its README describes', async () => {
    const digest = createHash('sha256')
      .update(await readFile(DEFAULT_BACKBONE_PATH))
      .digest('hex');
    const readme = await readFile(new URL('README.md', models), 'utf8');
    expect(readme).toMatch(new RegExp(`efficientnet-lite0\\.onnx.*${digest}`));
  });

  it('has a name for each of its classes', async () => {
    const names = JSON.parse(await readFile(new URL('imagenet-classes.json', models), 'utf8')) as string[];
    expect(names).toHaveLength(1000);
    expect([names[0], names[967], names[999]]).toEqual(['tench', 'espresso', 'toilet paper']);
  });

  it('can be looked for elsewhere', () => {
    expect(backbonePath(new URL('file:///opt/models/'))).toBe('/opt/models/efficientnet-lite0.onnx');
  });
});
