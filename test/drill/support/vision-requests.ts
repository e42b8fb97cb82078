import { form } from '../../e2e/support/filters.js';
import type { SendOptions } from '../../e2e/support/http.js';
import type { Route } from './routes.js';
import { setMember, type Slot } from './slots.js';
import { bytesBody, jsonBody } from './vision-client.js';
import { NOBODYS, type VisionWorkspace } from './vision-workspace.js';

/** Parameters of the query that a request needs besides ids. */
const QUERY: readonly (readonly [RegExp, (from: VisionWorkspace) => Record<string, string>])[] = [
  [/^POST .*\/\{projectId\}\/tags$/, (from) => ({ name: from.newName() })],
  [/\/performance$/, () => ({ threshold: '0.5' })],
  [/^POST .*\/\{iterationId\}\/export$/, () => ({ platform: 'ONNX' })],
  [/^POST .*\/publish$/, (from) => ({ publishName: from.newName(), predictionId: 'drill' })],
];

/** The same for bodies. */
const BODY: readonly (readonly [RegExp, (from: VisionWorkspace) => object | Promise<object>])[] = [
  [/^PATCH /, (from) => ({ name: from.newName() })],
  [/\/images\/files$/, async (from) => ({ images: [{ contents: (await from.picture()).toString('base64') }] })],
  [/\/images\/urls$/, (from) => ({ images: [{ url: from.pictureUrl }] })],
  [/\/images\/predictions$/, () => ({ images: [{}] })],
  [/\/images\/tags$/, () => ({ tags: [{}] })],
  [/\/images\/metadata$/, () => ({ camera: '7' })],
  [/\/url(?:\/nostore)?$/, (from) => ({ url: from.pictureUrl })],
];

/** What they can call and nobody serves, whatever they ask for. */
const NOT_SUPPORTED: readonly RegExp[] = [
  /\/\{projectId\}\/(?:export|artifacts)$/,
  /\/projects\/import$/,
  /\/images\/(?:regions|suggested|suggested\/count|\{imageId\}\/regionproposals)$/,
  /\/tagsandregions\/suggestions$/,
  /\/detect\/iterations\//,
];

export function isSupported({ path }: Pick<Route, 'path'>): boolean {
  return !NOT_SUPPORTED.some((pattern) => pattern.test(path));
}

/** A right request of this workspace with these ids, whoever they belong to. */
export async function visionRequest(
  from: VisionWorkspace,
  route: Route,
  ids: ReadonlyMap<Slot, string>,
): Promise<{ path: string; options: SendOptions }> {
  const title = `${route.method.replace('HEAD', 'GET')} ${route.path}`;
  const [, bodyOf] = route.body ? (BODY.find(([pattern]) => pattern.test(title)) ?? []) : [];
  const body = { ...(await bodyOf?.(from)) } as Record<string, unknown>;
  const query = new URLSearchParams(QUERY.find(([pattern]) => pattern.test(title))?.[1](from));
  let path = Object.entries(NOBODYS).reduce((text, [name, id]) => text.replace(`{${name}}`, id), route.path);
  for (const [{ where, name }, id] of ids) {
    if (where === 'path') path = path.replace(`{${name}}`, encodeURIComponent(id));
    else if (where === 'query') query.set(name, id);
    else setMember(body, name, id);
  }
  // One alone is too little to train on, whoever it belongs to.
  if (Array.isArray(body['selectedTags'])) body['selectedTags'].push(...from.trainable);
  const search = query.size > 0 ? `?${query.toString()}` : '';
  return { path: path + search, options: await written(from, route, body) };
}

async function written(from: VisionWorkspace, route: Route, body: object): Promise<SendOptions> {
  if (route.body) return jsonBody(body);
  if (!route.form) return {};
  const picture = await from.picture();
  // Both ways of uploads, one for each generation.
  if (route.path.includes('/v3')) return bytesBody(picture);
  return form([{ headers: ['Content-Disposition: form-data; name="imageData"; filename="a.png"'], body: picture }]);
}
