// @ts-check
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';

const TRAINING = 'customvision/v3.4-preview/training';
const SIDE = 96;
/** Of each class. A training needs five. */
const PICTURES = 6;
const POLL_MS = 250;
/** Against hangs only. */
const LIMIT_MS = 180_000;
/** @type {Record<string, (n: number) => string>} */
const SHAPES = {
  disc: (n) => `<rect width="100%" height="100%" fill="#121a6e"/><circle cx="45" cy="50" r="${26 + n}" fill="gold"/>`,
  stripes: (n) =>
    `<rect width="100%" height="100%" fill="#f5f5f5"/>` +
    Array.from({ length: 8 }, (_, i) => `<rect x="${i * 16 - n}" width="8" height="100%" fill="#cd1419"/>`).join(''),
};

/** A client of a running system. */
export class Client {
  /**
   * @param {string} origin
   * @param {string} key
   */
  constructor(origin, key) {
    this.origin = origin;
    this.key = key;
  }

  /**
   * Sends a request and returns the answer. Throws if its status is another one.
   * @param {string} method
   * @param {string} url
   * @param {number | number[]} wanted
   * @param {{ json?: unknown, bytes?: Buffer }} [body]
   */
  async ask(method, url, wanted, { json, bytes } = {}) {
    const response = await fetch(new URL(url, this.origin), {
      method,
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${this.key}`,
        'training-key': this.key,
        ...(json ? { 'content-type': 'application/json' } : {}),
        ...(bytes ? { 'content-type': 'application/octet-stream' } : {}),
      },
      body: json ? JSON.stringify(json) : bytes && new Uint8Array(bytes),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    const content = Buffer.from(await response.arrayBuffer());
    const expected = [wanted].flat().includes(response.status);
    assert.ok(expected, `${method} ${url}: ${response.status} ${content.subarray(0, 300)}`);
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      content,
      json: isJson ? JSON.parse(`${content}`) : {},
    };
  }

  /** Returns when the system serves. Throws with its last answer if it does not. */
  async ready() {
    await until('the system is ready', async () => (await this.ask('GET', '/health/ready', 200)).status === 200);
  }

  /** Uploads a picture. Returns its id and its bytes. */
  async upload() {
    const picture = await pictureOf('disc', 0);
    const body = { filename: 'disc.png', image_data: picture.toString('base64'), tags: ['containers'] };
    const { json } = await this.ask('POST', '/v1/upload', [200, 201], { json: body });
    return { id: Number(json.id), picture };
  }

  /**
   * Returns the bytes of an image.
   * @param {number} id
   */
  async download(id) {
    const { json } = await this.ask('GET', `/v1/images/${id}`, 200);
    return (await this.ask('GET', json.url, 200)).content;
  }

  /** Makes two samples of an augmentation list. Returns their number. */
  async sample() {
    const [project] = (await this.ask('GET', '/api/v2/projects/?projectName=library', 200)).json;
    const list = {
      name: 'containers',
      projectId: project.id,
      transformationProbability: 1,
      numberOfNewImages: 2,
      transformations: [{ name: 'blur', enabled: true }],
    };
    const { json } = await this.ask('POST', '/api/v2/imageAugmentationLists/', 201, { json: list });
    const samples = `/api/v2/imageAugmentationLists/${json.augmentationListId}/samples/`;
    const begun = await this.ask('POST', samples, 202, { json: { numberOfRows: 1 } });
    const status = begun.headers.get('location') ?? '';
    await until('the sample job ends', async () => (await this.ask('GET', status, [200, 303])).status === 303);
    return (await this.ask('GET', samples, 200)).json.data.length;
  }

  /** Trains a model of two classes. Returns which class it sees in a picture of a disc. */
  async train() {
    const query = 'name=containers&classificationType=Multiclass';
    const project = (await this.ask('POST', `/${TRAINING}/projects?${query}`, 200)).json;
    const base = `/${TRAINING}/projects/${project.id}`;
    for (const name of Object.keys(SHAPES)) {
      const tag = (await this.ask('POST', `${base}/tags?name=${name}`, 200)).json;
      for (let n = 0; n < PICTURES; n++)
        await this.ask('POST', `${base}/images?tagIds=${tag.id}`, 200, { bytes: await pictureOf(name, n) });
    }
    const { id } = (await this.ask('POST', `${base}/train`, 200)).json;
    const iteration = await until('the training ends', async () => {
      const { json } = await this.ask('GET', `${base}/iterations/${id}`, 200);
      return json.status === 'Training' ? undefined : json;
    });
    assert.equal(iteration.status, 'Completed');
    const test = `${base}/quicktest/image?iterationId=${id}&store=false`;
    const { json } = await this.ask('POST', test, 200, { bytes: await pictureOf('disc', PICTURES + 1) });
    return json.predictions[0].tagName;
  }
}

/**
 * Returns the first result that is neither undefined nor false. Throws the last error after `LIMIT_MS`.
 * @template Result
 * @param {string} what
 * @param {() => Promise<Result | undefined | false>} attempt
 * @returns {Promise<Result>}
 */
export async function until(what, attempt) {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    /** @type {unknown} */
    let problem;
    try {
      const result = await attempt();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      problem = error;
    }
    if (Date.now() > end) throw new Error(`After ${LIMIT_MS / 1000} s it is not so that ${what}`, { cause: problem });
    await sleep(POLL_MS);
  }
}

/**
 * @param {string} shape
 * @param {number} n
 */
function pictureOf(shape, n) {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${SHAPES[shape]?.(n)}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
}
