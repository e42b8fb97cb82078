import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { inflateSync } from 'node:zlib';
import { FILTERS, FiltersClient, grayPng, LUT, type ImageResource } from './support/filters.js';
import { json, send, type Answer } from './support/http.js';
import { createKey, sharedSystem, type ApiKey } from './support/stack.js';

const [WIDTH, HEIGHT] = [37, 23];
const valueAt = (x: number, y: number) => (x * 109 + y * 7) % 4096;

const system = sharedSystem();
let key: ApiKey;
let client: FiltersClient;
let resource: ImageResource;
let project: { readonly id: string; readonly projectName: string };
let imageId: string;

const ask = (method: string, path: string, body?: object): Promise<Answer> =>
  send(method, `${system.url}${path}`, {
    headers: { authorization: `Bearer ${key.key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });

/** Images of a project are not listed by the DataRobot API; the numbers of the Tagged Image Manager name them all. */
async function findImage(): Promise<{ id: number; url: string; filename: string }> {
  return eventually(
    async () => {
      const answer = await ask('GET', '/v1/images/1');
      const image = json<{ id: number; url: string; filename: string }>(answer);
      expect(image.url).toBeTruthy();
      return image;
    },
    { timeoutMs: 20_000 },
  );
}

beforeAll(async () => {
  key = await createKey(system, { role: 'owner' });
  client = new FiltersClient(system, key);
  resource = await client.create(grayPng({ width: WIDTH, height: HEIGHT, value: valueAt }), { lutInfo: LUT });
  await findImage();
});

it('a radiograph of which no picture can be made says why in the other APIs', async () => {
  const owner = await createKey(system, { role: 'owner' });
  await new FiltersClient(system, owner).create(grayPng({ width: 30_001, height: 1 }));
  const headers = { authorization: `Bearer ${owner.key}` };
  const reason = 'It claims 30001 × 1 pixels; sides of at most 30000 pixels are decoded.';
  await eventually(
    async () => {
      const record = json(await send('GET', `${system.url}/v1/images/1`, { headers }));
      expect(record).toMatchObject({ url: null, undecodable_reason: reason });
    },
    { timeoutMs: 20_000 },
  );
});

describe('a filters image in the other APIs', () => {
  it('is in the project `filters`', async () => {
    const projects = json<(typeof project)[]>((await ask('GET', '/api/v2/projects/')) as Answer);
    expect(projects.map(({ projectName }) => projectName)).toEqual(['library', 'filters']);
    project = projects[1] as typeof project;
  });

  it('is a picture of 8 bits, made with its lookup table', async () => {
    const { url, filename } = await findImage();
    expect(filename).toBe(`${resource.id}.png`);
    const file = await send('GET', url);
    expect(file.status).toBe(200);
    expect(file.headers['content-type']).toBe('image/png');
    const { width, height, bitDepth, colorType, pixels } = decodeGray8(file.bytes);
    expect({ width, height, bitDepth, colorType }).toEqual({ width: WIDTH, height: HEIGHT, bitDepth: 8, colorType: 0 });
    const expected = Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
      const shown = 65535 * Math.pow(valueAt(i % WIDTH, Math.floor(i / WIDTH)) / 4095, 2.3);
      return Math.round(Math.round(shown) / 257);
    });
    expect([...pixels]).toEqual(expected);
  });

  it('can be augmented', async () => {
    const body = {
      projectId: project.id,
      name: 'x',
      numberOfNewImages: 2,
      transformationProbability: 1,
      transformations: [{ name: 'horizontal_flip' }],
    };
    const list = json<{ augmentationListId: string }>(await ask('POST', '/api/v2/imageAugmentationLists/', body));
    const samples = `/api/v2/imageAugmentationLists/${list.augmentationListId}/samples/`;
    expect((await ask('POST', samples, { numberOfRows: 1 })).status).toBe(202);
    await eventually(
      async () => {
        const { data } = json<{ data: { imageId: string; originalImageId: string | null; width: number }[] }>(
          await ask('GET', samples),
        );
        expect(data.map(({ width }) => width)).toEqual([WIDTH, WIDTH, WIDTH]);
        imageId = data.find(({ originalImageId }) => originalImageId === null)?.imageId ?? '';
      },
      { timeoutMs: 20_000 },
    );
    const file = await ask('GET', `/api/v2/projects/${project.id}/images/${imageId}/file/`);
    expect(file.headers['content-type']).toBe('image/png');
  });

  it('is gone from all of them when its own API deletes it', async () => {
    const { url } = await findImage();
    expect((await client.send('DELETE', `${FILTERS}/images/${resource.id}`)).status).toBe(204);
    expect((await send('GET', url)).status).toBe(404);
    expect((await ask('GET', '/v1/images/1')).status).toBe(404);
    expect((await ask('GET', `/api/v2/projects/${project.id}/images/${imageId}/file/`)).status).toBe(404);
  });

  it('can be deleted there, and is gone here', async () => {
    const { id } = await client.create(grayPng());
    expect((await ask('DELETE', '/v1/images/2')).status).toBe(204);
    expect((await client.send('GET', `${FILTERS}/images/${id}`)).status).toBe(404);
  });
});

/** An independent decoder of what is expected here: 8 bits, gray, not interlaced. */
function decodeGray8(png: Buffer) {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const rows = inflateSync(Buffer.concat(data));
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (width + 1)] as number;
    for (let x = 0; x < width; x++) {
      const left = x > 0 ? (pixels[y * width + x - 1] as number) : 0;
      const above = y > 0 ? (pixels[(y - 1) * width + x] as number) : 0;
      const corner = x > 0 && y > 0 ? (pixels[(y - 1) * width + x - 1] as number) : 0;
      const predicted = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter] as number;
      pixels[y * width + x] = (rows[y * (width + 1) + 1 + x] as number) + predicted;
    }
  }
  return { width, height, bitDepth: png[24], colorType: png[25], pixels };
}

function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const [a, b, c] = [left, above, corner].map((value) => Math.abs(estimate - value)) as [number, number, number];
  if (a <= b && a <= c) return left;
  return b <= c ? above : corner;
}
