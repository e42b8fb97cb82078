import { HOT_CACHE_BYTES } from '@pentaprism/blob-store';
import sharp from 'sharp';
import { z } from 'zod';
import { send, type Answer, type SendOptions } from '../../e2e/support/http.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';

/** Pixels of an image whose PNG is below the size up to which the gateway keeps files in memory. */
const [WIDTH, HEIGHT] = [640, 480];

const uploaded = z.object({ id: z.int() });
const record = z.object({ url: z.string() });

/** Downloads images until the gateway keeps as many in memory as it ever does. Otherwise its memory would grow for minutes. */
export async function fillCache({ stack, authorization }: FaultyStack): Promise<void> {
  const ask = async (method: string, url: string, options: SendOptions = {}): Promise<Answer> => {
    const headers = { ...authorization, ...options.headers };
    const answer = await send(method, new URL(url, stack.url).href, { ...options, headers });
    if (answer.status >= 300) throw new Error(`${method} ${url}: ${answer.status} ${answer.bytes.toString()}`);
    return answer;
  };
  for (let bytes = 0; bytes < HOT_CACHE_BYTES;) {
    const body = JSON.stringify({ filename: 'cached.png', image_data: (await noise()).toString('base64') });
    const headers = { 'content-type': 'application/json' };
    const { id } = uploaded.parse(json(await ask('POST', '/v1/upload', { headers, body })));
    const { url } = record.parse(json(await ask('GET', `/v1/images/${id}`)));
    bytes += (await ask('GET', url)).bytes.length;
  }
}

function noise(): Promise<Buffer> {
  const create = { width: WIDTH, height: HEIGHT, channels: 3, background: '#777' } as const;
  return sharp({ create: { ...create, noise: { type: 'gaussian', mean: 128, sigma: 60 } } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

function json({ bytes }: Answer): unknown {
  return JSON.parse(bytes.toString());
}
