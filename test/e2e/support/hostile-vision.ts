import { expect } from '@jest/globals';
import { json, send, type Answer, type SendOptions } from './http.js';
import { PREDICTION_V1, TRAINING_V1 } from './vision-operations.js';
import { pictureOf, PREDICTION, TRAINING, VisionProject, type Shape } from './vision.js';
import { createKey, freshWorkspace, leftFiles, type ApiKey, type System } from './stack.js';

/** As few as a model can be trained on. */
const TRAINED_ON = 5;
const SHAPES = ['disc', 'stripes'] as const satisfies Shape[];
export const PUBLISHED = 'a model';

/** A project with a model, that bad requests are sent to. */
export class HostileVision {
  private constructor(
    readonly system: System,
    readonly key: ApiKey,
    readonly project: VisionProject,
    readonly iteration: string,
  ) {}

  /** @param trained whether there is a model, which is published and the default one */
  static async start(system: System, trained: boolean): Promise<HostileVision> {
    const key = await createKey(system, { workspace: freshWorkspace() });
    const project = await VisionProject.create(system, key, { name: 'hostile' });
    for (const shape of SHAPES) await project.addTag(shape);
    for (const shape of SHAPES)
      for (let n = 0; n < (trained ? TRAINED_ON : 1); n++) await project.addImage(await pictureOf(shape, n), shape);
    if (!trained) return new HostileVision(system, key, project, '');
    const { id } = await project.train();
    await project.get(`/iterations/${id}/publish?publishName=${encodeURIComponent(PUBLISHED)}&predictionId=p`, 'POST');
    const vision = new HostileVision(system, key, project, id);
    const made = await vision.send('PATCH', `${vision.v1}/iterations/${id}`, vision.json({ IsDefault: true }));
    expect(made.status).toBe(200);
    return vision;
  }

  get v1(): string {
    return `${TRAINING_V1}/projects/${this.project.id}`;
  }
  get v3(): string {
    return `${TRAINING}/projects/${this.project.id}`;
  }
  get predictV1(): string {
    return `${PREDICTION_V1}/${this.project.id}`;
  }
  get classifyV3(): string {
    return `${PREDICTION}/${this.project.id}/classify/iterations/${encodeURIComponent(PUBLISHED)}`;
  }

  send(method: string, path: string, { headers, ...options }: SendOptions = {}): Promise<Answer> {
    const sent = { 'training-key': this.key.key, ...headers };
    return send(method, `${this.system.url}${path}`, { headers: sent, ...options });
  }

  json(body: object | string | Buffer): SendOptions {
    const raw = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return { headers: { 'content-type': 'application/json' }, body: raw };
  }

  bytes(body: Buffer): SendOptions {
    return { headers: { 'content-type': 'application/octet-stream' }, body };
  }

  /**
   * All that a refused request could leave behind, except bytes: they are let go of at once, and swept minutes later. Drill
   * 14 sees to that.
   */
  async footprint(): Promise<Record<string, unknown>> {
    const listed = async <T>(path: string, ...rest: [string?, object?]) => {
      const [method = 'GET', body] = rest;
      return this.project.get<T>(path, method, body ? { body } : {});
    };
    return {
      images: await listed<number>('/images/count'),
      tags: await listed<unknown[]>('/tags'),
      iterations: await listed<unknown[]>('/iterations'),
      projects: json(await this.send('GET', `${TRAINING}/projects`)),
      predictions: (await listed<{ results: { id: string }[] }>('/predictions/query', 'POST', { maxCount: 100 })).results.map(({ id }) => id), // prettier-ignore
    };
  }

  /** Nothing of what `requests` sends remains. */
  async expectNoTrace(requests: () => Promise<void>): Promise<void> {
    const before = await this.footprint();
    await requests();
    expect(await this.footprint()).toEqual(before);
  }

  /** Other suites may be uploading at this moment. */
  async expectNoTemporaryFiles(): Promise<void> {
    expect(await leftFiles(this.system)).toEqual([]);
  }
}

/** A refusal in the shape of its generation, which tells nothing of what is behind it. */
export function expectVisionRefusal(answer: Answer, path: string, expected: { status?: number; code?: string } = {}) {
  const isV1 = /\/v1\.[12]\//i.test(path);
  const text = answer.bytes.toString();
  const { status = answer.status, code } = expected;
  expect({ path, status: answer.status, code: codeOf(answer) }).toEqual({ path, status, code: code ?? expect.stringMatching(/^[A-Z][A-Za-z]+$/) }); // prettier-ignore
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(Object.keys(json(answer))).toEqual(isV1 ? ['Code', 'Message'] : ['code', 'message']);
  expect(text).toMatch(/essage":"[^\n]{5,300}"\}$/);
  expect(text).not.toMatch(/node_modules|\/home|at Object|mongo|nats:|ECONN|zod/i);
}

export function codeOf(answer: Answer): unknown {
  return Object.values(json(answer))[0];
}
