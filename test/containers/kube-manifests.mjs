// @ts-check
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { installKustomize, installPython } from '../deploy/tools.setup.mjs';
import { REPOSITORY } from './engine.mjs';

/** Kinds that `podman kube play` has no use for. */
const NOT_PLAYED = ['Namespace', 'NetworkPolicy', 'PodDisruptionBudget'];
const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'];

/** @typedef {{ exec?: { command: string[] }, httpGet?: { path: string, port: string }, tcpSocket?: { port: string } }} Probe */
/** @typedef {{ name: string, data: Record<string, string>, manifest: string }} Secret */
/**
 * @typedef {object} Pod a workload as a pod that `podman kube play` can run
 * @property {string} name
 * @property {string} image
 * @property {boolean} ends whether it does its work and ends
 * @property {string[]} aliases names under which others reach it
 * @property {{ kind: string, probe: Probe }[]} probes
 * @property {Record<string, number>} ports
 * @property {any} spec as it is in the manifest
 * @property {string} manifest
 */

/**
 * Renders an overlay with the secrets that an operator makes for it, and returns what Podman plays. Podman knows neither
 * StatefulSets nor Jobs, and resolves no Services. So each workload becomes a pod with the template as it is, and the
 * names of Services become aliases of the pods that they select.
 * @param {string} overlay
 */
export function renderForPodman(overlay) {
  const directory = path.join(REPOSITORY, 'deploy/k8s/overlays', overlay);
  const documents = parse(output(installKustomize(), ['build', directory]));
  const secrets = parse(output('sh', [path.join(REPOSITORY, 'deploy/make-secrets.sh'), 'kubernetes', overlay]));
  const services = documents.filter(({ kind }) => kind === 'Service');
  const workloads = documents.filter(({ spec }) => spec?.template);
  const configMaps = documents.filter(({ kind }) => kind === 'ConfigMap');
  const claims = documents.filter(({ kind }) => kind === 'PersistentVolumeClaim');
  const known = [...services, ...workloads, ...configMaps, ...claims].length;
  const others = documents.filter(({ kind }) => NOT_PLAYED.includes(kind)).length;
  assert.equal(known + others, documents.length, 'the overlay has a kind that this test does not know');
  for (const { metadata, spec } of services) {
    const found = workloads.filter((workload) => selects(spec.selector, workload));
    assert.ok(found.length > 0, `the Service ${metadata.name} selects no pod`);
  }
  return {
    configMaps: configMaps.map(asText).join(''),
    secrets: secrets.map(withData),
    ownerKey: secrets.find(({ metadata }) => metadata.name === 'pentaprism-catalog').stringData.PENTAPRISM_OWNER_KEY,
    claims: workloads
      .flatMap((workload) => claimsOf(workload, claims))
      .filter(isFirst)
      .map(asText),
    pods: workloads.map((workload) => podOf(workload, services)),
  };
}

/**
 * @param {any} workload
 * @param {any[]} services
 * @returns {Pod}
 */
function podOf(workload, services) {
  const { kind, metadata } = workload;
  const { name } = metadata;
  const template = workload.spec.template.spec;
  const [container] = template.containers;
  const selecting = services.filter((service) => selects(service.spec.selector, workload));
  const own = (workload.spec.volumeClaimTemplates ?? []).map((/** @type {any} */ claim) => ({
    name: claim.metadata.name,
    persistentVolumeClaim: { claimName: claimNameOf(claim, workload) },
  }));
  const volumes = [...(template.volumes ?? []), ...own];
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name, labels: workload.spec.template.metadata.labels },
    spec: playable(name, { ...template, volumes }),
  };
  return {
    name,
    image: container.image,
    ends: kind === 'Job',
    aliases: selecting.flatMap(({ metadata: { name: service } }) =>
      kind === 'StatefulSet' ? [service, `${name}-0.${service}`] : [service],
    ),
    probes: PROBES.flatMap((probe) => (container[probe] ? [{ kind: probe, probe: container[probe] }] : [])),
    ports: Object.fromEntries((container.ports ?? []).map((/** @type {any} */ p) => [p.name, p.containerPort])),
    spec: template,
    manifest: asText(pod),
  };
}

/**
 * Returns a pod's specification without what Podman would do in another way. It probes over HTTP and TCP with `curl` and
 * `nc` inside the container, which no image has: the checks probe instead. It makes a volume of the same name of each
 * `emptyDir`, which all pods would share.
 * @param {string} pod
 * @param {any} spec
 */
function playable(pod, { containers, volumes, ...spec }) {
  const temporary = volumes.filter((/** @type {any} */ volume) => volume.emptyDir).map(nameOf);
  const rename = (/** @type {any} */ named) =>
    temporary.includes(named.name) ? { ...named, name: `${pod}-${named.name}` } : named;
  return {
    ...spec,
    volumes: volumes.map(rename),
    containers: containers.map((/** @type {any} */ container) => ({
      ...Object.fromEntries(Object.entries(container).filter(([key]) => !PROBES.includes(key))),
      volumeMounts: container.volumeMounts.map(rename),
    })),
  };
}

/** @param {{ name: string }} named */
function nameOf({ name }) {
  return name;
}

/**
 * Returns the claims of a workload. Their volumes belong to the user and group of its pods, as `fsGroup` makes it in
 * Kubernetes.
 * @param {any} workload
 * @param {any[]} shared
 */
function claimsOf(workload, shared) {
  const { securityContext, volumes = [] } = workload.spec.template.spec;
  const { runAsUser, fsGroup } = securityContext;
  const annotations = { 'volume.podman.io/uid': `${runAsUser}`, 'volume.podman.io/gid': `${fsGroup}` };
  const mounted = volumes.map((/** @type {any} */ volume) => volume.persistentVolumeClaim?.claimName);
  return [
    ...shared.filter(({ metadata }) => mounted.includes(metadata.name)).map((claim) => [claim.metadata.name, claim]),
    ...(workload.spec.volumeClaimTemplates ?? []).map((/** @type {any} */ claim) => [
      claimNameOf(claim, workload),
      claim,
    ]),
  ].map(([name, { spec }]) => ({
    ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
    metadata: { name, annotations },
    spec,
  }));
}

/**
 * Returns the name that a StatefulSet gives to the claim of its first pod.
 * @param {any} claim
 * @param {any} workload
 */
function claimNameOf(claim, workload) {
  return `${claim.metadata.name}-${workload.metadata.name}-0`;
}

/**
 * Whether a document is the first one of its name.
 * @param {any} document
 * @param {number} index
 * @param {any[]} all
 */
function isFirst(document, index, all) {
  return all.findIndex(({ metadata }) => metadata.name === document.metadata.name) === index;
}

/**
 * Returns a Secret as the API server stores it.
 * @param {any} secret
 * @returns {Secret}
 */
function withData({ stringData, ...secret }) {
  const entries = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  const data = Object.fromEntries(entries);
  return { name: secret.metadata.name, data, manifest: asText({ ...secret, data }) };
}

/**
 * @param {Record<string, string>} selector
 * @param {any} workload
 */
function selects(selector, workload) {
  const { labels } = workload.spec.template.metadata;
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

/**
 * Returns a document as JSON, which YAML contains.
 * @param {unknown} document
 */
function asText(document) {
  return `---\n${JSON.stringify(document)}\n`;
}

/**
 * Returns the documents of a YAML text, read by the library that the validators of manifests use.
 * @param {string} text
 * @returns {any[]}
 */
function parse(text) {
  const program = 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))';
  return JSON.parse(
    output('python3', ['-c', program], { input: text, env: { ...process.env, PYTHONPATH: installPython() } }),
  );
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ input?: string, env?: NodeJS.ProcessEnv }} [options]
 */
function output(command, args, options) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
    ...options,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`);
  return stdout;
}
