import { INTERNAL_ADDRESS_FORMS } from '@pentaprism/testing';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, shuffled, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { AddressDatasets } from './support/address-datasets.js';
import { Canary, RedirectingServer } from './support/address-servers.js';
import { onStack } from './support/on-stack.js';
import { jsonBody, TRAINING, VisionClient } from './support/vision-client.js';
import { VisionWorkspace } from './support/vision-workspace.js';

/** The only address of this machine that the system may fetch from, and one that it must not reach. */
const [ALLOWED, FORBIDDEN] = ['127.0.0.9', '127.0.0.2'];
const FORMS = 60;
const REBOUND_NAMES = 20;
/** Addresses of one request. */
const BATCH = 20;
/** Answers `dns.lookup` inside the apps; a plain script, because apps load it before anything of theirs. */
const PRELOAD = pathToFileURL('test/drill/support/rebinding-names.mjs').href;

const batch = z.object({
  isBatchSuccessful: z.boolean(),
  images: z.array(z.object({ sourceUrl: z.string(), status: z.string() })),
});

/** Requests forged on the server's side: no form of an inner address may be connected to, whichever way it is given. */
export const internalAddresses: Drill = {
  number: 7,
  name: 'inner addresses in URLs',
  goal:
    '60 forms of inner addresses, direct and by redirect, and 20 names that are rebound between two look-ups: no ' +
    'connection to a canary, no image, no 5xx, while an allowed address is fetched from.',
  limitSeconds: 3 * 60,
  run: onStack(run, {
    URL_IMPORT_ALLOW: ALLOWED,
    NODE_OPTIONS: `--import=${PRELOAD}?allowed=${ALLOWED}&forbidden=${FORBIDDEN}`,
  }),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const { stack } = faulty;
  const client = new VisionClient(stack.url, stack.ownerKey);
  const workspace = new VisionWorkspace(client, 'addresses');
  const project = await client.createProject('addresses');
  const datasets = await AddressDatasets.make(faulty);
  const [canary, server] = await Promise.all([Canary.start(ALLOWED), RedirectingServer.start(ALLOWED)]);
  const found = { taken: [] as string[], failures: [] as string[] };
  try {
    const forms = shuffled(context.random('forms'), INTERNAL_ADDRESS_FORMS).slice(0, context.count(FORMS));
    const direct = forms.map((form) => `http://${form}:${canary.port}/`);
    const redirected = direct.map((url) => server.redirectingTo(url));
    const names = Array.from({ length: context.count(REBOUND_NAMES) }, (_, i) => `name${i}`);
    const attemptsFor = (way: string) => {
      // The second look-up is that of the redirect. Each way has names of its own, because names are rebound once.
      const rebound = names.map((name) => `${name}.${way}.rebinding.test`);
      const reboundByRedirect = rebound.map((name) => server.redirectingTo(`http://${name}:${canary.port}/`, name));
      return [...direct, ...redirected, ...reboundByRedirect];
    };
    const attempts = attemptsFor('images');
    for (let from = 0; from < attempts.length; from += BATCH)
      await importAll(client, project, attempts.slice(from, from + BATCH), found);
    await datasets.importFiles(attemptsFor('files'));
    context.log(`${attempts.length} addresses refused, ${canary.connections} connections to the canary`);
    // What is allowed still works, so the refusals above were not for another reason.
    const good = [
      server.serving(await workspace.picture('warm')),
      server.redirectingTo(server.serving(await workspace.picture('cold'))),
      server.serving(await workspace.picture('warm'), 'good.rebinding.test'),
    ];
    const fetched = await importAll(client, project, good, { taken: [], failures: found.failures });
    found.taken.push(...datasets.taken);
    const table = server.serving(Buffer.from('a,b\n1,2\n'));
    const became = await datasets.importFiles([table, server.redirectingTo(table)]);
    found.failures.push(...datasets.failures);
    const cells = await datasets.importTable([...attemptsFor('cells'), ...good.slice(0, 2)]);
    return {
      did: `${forms.length} forms, direct and by redirect, and ${names.length} rebound names`,
      measures: [
        { what: 'forms tried', worst: forms.length, atLeast: context.count(FORMS) },
        { what: 'connections to the canary', worst: canary.connections, atMost: 0 },
        none('addresses that gave an image', found.taken),
        none('5xx and other failures', found.failures),
        { what: 'allowed addresses that were fetched from', worst: fetched, atLeast: good.length },
        { what: 'cells of a table that were not fetched', worst: cells.missing, atLeast: attempts.length },
        { what: 'datasets of allowed addresses', worst: became, atLeast: 2 },
        { what: 'cells of a table that were fetched', worst: cells.fetched, atLeast: 2 },
        { what: 'requests of redirects that arrived', worst: server.redirects, atLeast: redirected.length },
      ],
      examples: examplesOf(found, 5),
    };
  } finally {
    await Promise.all([canary.close(), server.close()]);
  }
}

/** @returns how many of the addresses gave an image */
async function importAll(
  client: VisionClient,
  project: string,
  urls: readonly string[],
  found: { readonly taken: string[]; readonly failures: string[] },
): Promise<number> {
  const path = `${TRAINING}/projects/${project}/images/urls`;
  const answer = await client.send('POST', path, jsonBody({ images: urls.map((url) => ({ url })) }));
  const text = answer.bytes.toString('utf8');
  if (answer.status >= 300 && answer.status !== 400) found.failures.push(`${answer.status} ${text.slice(0, 300)}`);
  if (answer.status >= 300) return 0;
  const taken = batch.parse(JSON.parse(text)).images.filter(({ status }) => status.startsWith('OK'));
  found.taken.push(...taken.map(({ sourceUrl, status }) => `${sourceUrl}: ${status}`));
  return taken.length;
}
