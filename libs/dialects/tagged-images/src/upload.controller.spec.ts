import { expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { setPrincipal, type Contents } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { UploadController } from './upload.controller.js';

it('drops the bytes of an image before it gives their memory back', async () => {
  const body = { filename: 'a.png', image_data: Buffer.alloc(1000), tags: [] };
  const sizes: number[] = [];
  const contents = {
    store: async (_workspace: string, source: Buffer) => {
      sizes.push(source.length);
      return {};
    },
  };
  const bus = {
    call: async () => {
      sizes.push(body.image_data.length);
      return { number: 1 };
    },
  };
  const request = { raw: {} } as FastifyRequest;
  setPrincipal(request, { keyId: 'k', name: 'test', role: 'editor', workspace: 'a' });
  const controller = new UploadController(bus as unknown as Bus, contents as unknown as Contents);
  expect(await controller.upload(body, request)).toEqual({ id: 1 });
  expect(sizes).toEqual([1000, 0]);
});
