// @ts-check
/** The Kubernetes manifests, as far as `podman kube play` carries them out. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { check } from './check.mjs';
import { DIRECTORY } from './engine.mjs';
import { Client, until } from './journey.mjs';
import { renderForPodman } from './kube-manifests.mjs';
import { imageOf, PROJECT } from './leftovers.mjs';

const OVERLAY = 'single-node';
const NETWORK = `${PROJECT}-kube`;
/** Milliseconds that a probe of the checks may take. */
const PROBE_LIMIT_MS = 5000;

/** @typedef {import('./engine.mjs').Engine} Engine */
/** @typedef {import('./kube-manifests.mjs').Pod} Pod */

/**
 * Runs the overlay for one node: every workload as a pod of one network, with the ConfigMaps, the volume claims and the
 * secrets of the manifests. What Podman does not carry out is listed in docs/operations.md.
 * @param {Engine} engine
 * @param {readonly string[]} apps
 */
export async function checkManifests(engine, apps) {
  /** @type {{ overlay?: ReturnType<typeof renderForPodman> }} */
  const rendered = {};
  await check('the manifests are rendered', () => {
    rendered.overlay = renderForPodman(OVERLAY);
  });
  if (!rendered.overlay) return;
  const { configMaps, secrets, claims, ownerKey, pods } = rendered.overlay;
  const containerOf = (/** @type {Pod} */ { name, spec }) => `${name}-${spec.containers[0].name}`;
  const addressOf = (/** @type {Pod} */ { name }) => {
    const infra = engine.must(['pod', 'inspect', '--format', '{{.InfraContainerID}}', name]);
    return engine.must(['inspect', '--format', `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`, infra]);
  };
  const lasting = pods.filter(({ ends }) => !ends);
  const started = await check('Podman plays every workload of the manifests', async () => {
    for (const app of apps) {
      const image = pods.find(({ name }) => name === app)?.image ?? '';
      engine.must(['tag', imageOf(app), `localhost/${image}`]);
    }
    engine.must(['network', 'create', NETWORK]);
    for (const secret of secrets) addSecret(engine, secret);
    for (const claim of claims) play(engine, claim);
    for (const pod of pods) play(engine, configMaps + pod.manifest, pod.aliases);
    return `${pods.length} pods`;
  });
  const ready =
    started &&
    (await check('every probe of the manifests passes', async () => {
      for (const pod of lasting)
        for (const { kind, probe } of pod.probes)
          await until(`the ${kind} of ${pod.name} passes`, () => probed(engine, pod, probe, containerOf, addressOf));
      return `${lasting.flatMap(({ probes }) => probes).length} probes`;
    }));
  if (!ready) {
    for (const pod of pods)
      console.log(`== ${pod.name}\n${engine.run(['logs', '--tail', '20', containerOf(pod)]).output}`);
    return;
  }
  await check('every container has the rights and the memory that its manifest names', () => {
    for (const pod of lasting) {
      const format = '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.EffectiveCaps}} {{.HostConfig.Memory}}';
      const { securityContext, containers } = pod.spec;
      const memory = bytes(containers[0].resources.limits.memory);
      const user = `${securityContext.runAsUser}:${securityContext.runAsGroup}`;
      const found = engine.must(['inspect', '--format', format, containerOf(pod)]);
      assert.equal(found, `${user} true [] ${memory}`, pod.name);
      const written = engine.run(['exec', containerOf(pod), 'sh', '-c', 'touch /tmp/written && touch /etc/written']);
      assert.match(written.output, /^[^\n]*\/etc\/written[^\n]*Read-only file system\s*$/, pod.name);
    }
  });
  await check('NATS has its users from the ConfigMap, and refuses others', async () => {
    const nats = lasting.find(({ name }) => name === 'nats');
    assert.ok(nats);
    const hello = { verbose: true, user: 'gateway', pass: 'none' };
    assert.match(await talk(addressOf(nats), 4222, `CONNECT ${JSON.stringify(hello)}\r\nPING\r\n`), /Authorization/);
  });
  const gateway = lasting.find(({ name }) => name === 'gateway');
  assert.ok(gateway);
  const client = new Client(`http://${addressOf(gateway)}:${gateway.ports.http}`, ownerKey);
  await check('the system of the manifests keeps a picture and makes samples', async () => {
    await client.ready();
    const { id, picture } = await client.upload();
    assert.ok(picture.equals(await client.download(id)));
    assert.ok((await client.sample()) > 0);
  });
}

/**
 * Adds a Secret. Podman before 4.4 reads variables from a map of its own, and not from the manifest.
 * @param {Engine} engine
 * @param {import('./kube-manifests.mjs').Secret} secret
 */
function addSecret(engine, { name, manifest, data }) {
  const [major = 0, minor = 0] = engine.must(['version', '--format', '{{.Client.Version}}']).split('.').map(Number);
  if (major > 4 || (major === 4 && minor >= 4)) play(engine, manifest);
  else withFile(JSON.stringify(data), (file) => engine.must(['secret', 'create', name, file]));
}

/**
 * @param {Engine} engine
 * @param {string} manifest
 * @param {string[]} [aliases]
 */
function play(engine, manifest, aliases = []) {
  const network = [NETWORK, aliases.map((alias) => `alias=${alias}`).join()].filter(Boolean).join(':');
  withFile(manifest, (file) => engine.must(['kube', 'play', '--network', network, file]));
}

/**
 * Writes a file that no other user can read, and removes it after its use.
 * @param {string} content
 * @param {(file: string) => void} use
 */
function withFile(content, use) {
  const file = path.join(DIRECTORY, 'kube.yaml');
  writeFileSync(file, content, { mode: 0o600 });
  try {
    use(file);
  } finally {
    rmSync(file);
  }
}

/**
 * Returns whether a probe passes, as the kubelet finds out.
 * @param {Engine} engine
 * @param {Pod} pod
 * @param {import('./kube-manifests.mjs').Probe} probe
 * @param {(pod: Pod) => string} containerOf
 * @param {(pod: Pod) => string} addressOf
 */
async function probed(engine, pod, { exec, httpGet, tcpSocket }, containerOf, addressOf) {
  if (exec) return engine.run(['exec', containerOf(pod), ...exec.command]).status === 0;
  const port = pod.ports[httpGet?.port ?? tcpSocket?.port ?? ''];
  assert.ok(port, `${pod.name} has no port of that name`);
  if (tcpSocket) return (await talk(addressOf(pod), port, '')) !== undefined;
  const url = new URL(httpGet?.path ?? '', `http://${addressOf(pod)}:${port}`);
  const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_LIMIT_MS) });
  const answer = await response.text();
  assert.ok(response.ok, `${url}: ${response.status} ${answer}`);
  return true;
}

/**
 * Sends a text over TCP and returns what comes back until the other end closes, or at once if there is nothing to send.
 * @param {string} host
 * @param {number} port
 * @param {string} text
 * @returns {Promise<string>}
 */
function talk(host, port, text) {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, host, () => {
      if (text === '') socket.end();
      else socket.write(text);
    });
    socket.setTimeout(PROBE_LIMIT_MS, () => socket.destroy(new Error(`${host}:${port} does not answer`)));
    socket.setEncoding('utf8').on('data', (chunk) => (answer += chunk));
    socket.once('error', reject).once('close', () => resolve(answer));
  });
}

/** @param {string} quantity in Mi or Gi */
function bytes(quantity) {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  assert.ok(unit, `${quantity} is no size in Mi or Gi`);
  return Number(number) * 1024 ** (unit === 'Gi' ? 3 : 2);
}
