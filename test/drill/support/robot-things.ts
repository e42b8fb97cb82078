import { DatasetsClient, fieldPart, filePart, petArchive } from '../../e2e/support/datasets.js';
import { form } from '../../e2e/support/filters.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import type { Kind } from './workspace.js';

/**
 * Makes a project of the DataRobot API with a target, in the workspace of the system's owner. Returns the ids that malformed requests
 * may name.
 */
export async function robotThings({ stack }: FaultyStack): Promise<Partial<Record<Kind, string>>> {
  const { url, ownerKey } = stack;
  const apiKey = {
    id: '',
    secret: '',
    key: ownerKey,
    name: '',
    role: 'owner',
    workspace: '',
    createdAt: '',
    createdBy: '',
  };
  const client = new DatasetsClient({ url, ownerKey, data: '' }, apiKey);
  const parts = [fieldPart('projectName', 'malformed'), filePart(await petArchive())];
  const { body, headers } = await client.ask('POST', 'projects/', form(parts));
  await completed(client, headers.location);
  const project = `projects/${body.pid}`;
  const aim = await client.ask('PATCH', `${project}/aim/`, { json: { target: 'class', mode: 'manual' } });
  await completed(client, aim.headers.location);
  const image = (await client.get(`${project}/imageSamples/`)).body.data[0].imageId;
  const kinds = ['project', 'datasetProject', 'aimedProject', 'modeledProject', 'jobProject'] as const;
  return {
    ...Object.fromEntries(kinds.map((kind) => [kind, body.pid])),
    dataset: body.catalogId,
    image,
    projectImage: image,
  };
}

async function completed(client: DatasetsClient, location: unknown): Promise<void> {
  const { status, bytes } = await client.wait(String(location));
  if (status !== 303) throw new Error(`not completed: ${status} ${bytes.toString()}`);
}
