import { beforeAll, describe, expect, it } from '@jest/globals';
import { variablesFor } from '@pentaprism/config';
import { BUS_USERS, natsUsersFile, passwordVariable, QUEUES } from '@pentaprism/contracts';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { APPS, configurationOf, isPinned, unknownVariables } from './support/apps.js';
import { containerOf, labelsOf, Manifests, selects, type Workload } from './support/kubernetes.js';
import { makeSecrets, parseYaml, render, REPOSITORY, runPython, TOOLS_MISSING } from './support/tools.js';

/** The release that the manifests are held to. */
const KUBERNETES = '1.34';
const SERVERS = ['mongodb', 'nats', 'valkey'];
/** Where the URLs of an app's environment lead, in pods. */
const SERVER_OF = { NATS_URL: 'nats', MONGODB_URI: 'mongodb', REDIS_URL: 'valkey' } as const;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { mongodb: 27017, nats: 4222, valkey: 6379 };
/** Kinds that Kubernetes does not know by itself; their shape is checked here. */
const CUSTOM_KINDS: Readonly<Record<string, readonly string[]>> = {
  'single-node': [],
  cluster: ['ScaledObject', 'TriggerAuthentication'],
};

const { version } = z
  .looseObject({ version: z.string() })
  .parse(JSON.parse(readFileSync(path.join(REPOSITORY, 'package.json'), 'utf8')));

const described = TOOLS_MISSING ? describe.skip : describe;

described.each(['single-node', 'cluster'])(
  `deploy/k8s/overlays/%s${TOOLS_MISSING && ` (${TOOLS_MISSING})`}`,
  (overlay) => {
    let yaml: string;
    let manifests: Manifests;
    const running = () => manifests.workloads.filter(({ kind }) => kind !== 'Job');
    const app = (name: string) => manifests.workload(name);

    beforeAll(() => {
      yaml = render(overlay);
      manifests = new Manifests(parseYaml(yaml), parseYaml(makeSecrets('kubernetes', overlay)));
    });

    it(`is valid for Kubernetes ${KUBERNETES}`, () => {
      const { status, output } = runPython('kubernetes-validate', ['-k', KUBERNETES, '--strict', '-'], yaml);
      const unknown = [...output.matchAll(/find schema for kind (\S+)/g)].map(([, kind]) => kind);
      expect({ status, unknown }).toEqual({ status: 0, unknown: CUSTOM_KINDS[overlay] });
      // It says so for each document: an empty input would pass as well.
      expect(output.match(/ passed /g)).toHaveLength(manifests.kinds.length - unknown.length);
    });

    it('runs every app, in the image of this version, and the three servers', () => {
      const names = running().map(({ metadata }) => metadata.name);
      expect(names.sort()).toEqual([...APPS, ...SERVERS].sort());
      for (const name of APPS) expect(containerOf(app(name)).image).toBe(`pentaprism/${name}:${version}`);
      expect(manifests.workloads.map((each) => containerOf(each).image).filter((image) => !isPinned(image))).toEqual(
        [],
      );
    });

    it('gives every container no more rights than it needs', () => {
      for (const each of manifests.workloads) {
        const { spec } = each.spec.template;
        expect(spec).toMatchObject({
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        });
        expect(spec.securityContext['runAsUser']).toBeGreaterThan(0);
        expect(containerOf(each).securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(containerOf(each).volumeMounts.map(({ mountPath }) => mountPath)).toContain('/tmp');
      }
      for (const name of APPS) expect(app(name).spec.template.spec.securityContext).toMatchObject({ runAsUser: 1000 });
    });

    it('probes every pod, liveness without what it depends on', () => {
      for (const each of running()) {
        const { livenessProbe, readinessProbe } = containerOf(each);
        expect([livenessProbe, readinessProbe].filter((probe) => probe === undefined)).toEqual([]);
      }
      expect(containerOf(app('gateway')).livenessProbe).toMatchObject({ httpGet: { path: '/health/live' } });
      expect(containerOf(app('gateway')).readinessProbe).toMatchObject({ httpGet: { path: '/health/ready' } });
      for (const name of APPS.filter((each) => each !== 'gateway')) {
        expect(containerOf(app(name)).livenessProbe?.exec?.command).toEqual(['/usr/local/bin/heartbeat']);
        expect(containerOf(app(name)).readinessProbe?.exec?.command).toEqual(['/usr/local/bin/heartbeat', 'ready']);
        expect(manifests.environmentOf(app(name))).toMatchObject({ HEARTBEAT_FILE: '/tmp/heartbeat' });
      }
    });

    it('says what every container needs and may take; a worker may take 1 GiB for each decode process', () => {
      for (const each of manifests.workloads) {
        const { requests, limits } = containerOf(each).resources;
        expect(requests['cpu']).toMatch(/^\d+m$/);
        expect(mebibytes(requests['memory'])).toBeGreaterThanOrEqual(64);
        expect(mebibytes(limits['memory'])).toBeGreaterThan(mebibytes(requests['memory']));
      }
      const { WORKER_CONCURRENCY } = manifests.environmentOf(app('worker'));
      const limit = mebibytes(containerOf(app('worker')).resources.limits['memory']);
      // Two pools, for jobs and for pictures that somebody waits for; the backbone and a training in the worker itself.
      expect(limit).toBeGreaterThanOrEqual(500 + 2 * Number(WORKER_CONCURRENCY) * (1024 + 50));
    });

    it('gives every app a configuration that it accepts, and nothing that no app knows', () => {
      for (const name of APPS) {
        const environment = manifests.environmentOf(app(name));
        expect(() => configurationOf(name, environment)).not.toThrow();
        expect(unknownVariables(environment)).toEqual([]);
      }
    });

    it('waits longer for each app than its clean stop takes, and drains gateways', () => {
      for (const name of APPS) {
        const { STOP_LIMIT, DRAIN_DELAY = 0 } = configurationOf(name, manifests.environmentOf(app(name)));
        const patience = app(name).spec.template.spec.terminationGracePeriodSeconds;
        expect(patience).toBeGreaterThan(Number(STOP_LIMIT) + Number(DRAIN_DELAY) + 5);
      }
      expect(manifests.environmentOf(app('gateway'))).toMatchObject({ DRAIN_DELAY: '5' });
    });

    it('has a disruption budget for everything that runs, which lets nodes be drained', () => {
      for (const each of running()) {
        const budgets = manifests.budgets.filter(({ spec }) => selects(spec.selector, labelsOf(each)));
        expect(budgets.map(({ metadata, spec }) => [metadata.name, spec.maxUnavailable])).toEqual([
          [each.metadata.name, 1],
        ]);
      }
    });

    it('holds no secret: containers name the one that an operator makes', () => {
      expect(manifests.kinds).not.toContain('Secret');
      const named = running().flatMap((each) => [
        ...containerOf(each).env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
        ...containerOf(each).envFrom.flatMap(({ secretRef }) => secretRef?.name ?? []),
      ]);
      expect([...new Set(named)].sort()).toEqual(
        [...APPS, ...SERVERS, ...(overlay === 'cluster' ? ['s3'] : [])].map((name) => `pentaprism-${name}`).sort(),
      );
      // Who does not sign or check anything does not get what it is signed with.
      expect(
        running().filter((each) => JSON.stringify(containerOf(each).env).includes('SIGNING_SECRETS')),
      ).toHaveLength(2);
    });

    it('gives each app its own Secret, with what it reads and nothing else', () => {
      const documents = z
        .array(z.object({ metadata: z.object({ name: z.string() }), stringData: z.record(z.string(), z.string()) }))
        .parse(parseYaml(makeSecrets('kubernetes', overlay)));
      for (const name of APPS) {
        const references = containerOf(app(name)).env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
        expect([...new Set(references.map((each) => each.name))]).toEqual([`pentaprism-${name}`]);
        const made = documents.find(({ metadata }) => metadata.name === `pentaprism-${name}`)?.stringData ?? {};
        const required = references.filter(({ optional }) => !optional).map(({ key }) => key);
        expect(Object.keys(made).sort()).toEqual(required.sort());
        expect(variablesFor(name, required)).toEqual(required);
      }
      const all = documents.flatMap(({ stringData }) => Object.values(stringData));
      expect(all.join()).not.toMatch(/undefined|:@|,,/);
    });

    it('gives every server its secrets, and none of them on a command line', () => {
      expect(manifests.environmentOf(app('mongodb-initiate'))).toMatchObject({ MONGODB_PASSWORD: expect.any(String) });
      for (const name of ['mongodb', 'valkey']) {
        const [variable = ''] = Object.keys(manifests.environmentOf(app(name)));
        const { command } = containerOf(app(name)) as { command?: string[] };
        // The shell's own printf is no process: only what comes behind exec has a command line.
        expect(command?.at(-1)).toContain(`"$${variable}" > /tmp/`);
        expect(command?.at(-1)?.split('exec ')[1]).not.toContain('$');
      }
      expect(containerOf(app('nats')).envFrom).toEqual([{ secretRef: { name: 'pentaprism-nats' } }]);
    });

    it('lets in to NATS the users of the contracts, with their passwords and permissions', () => {
      const configuration = manifests.config('nats');
      expect(configuration['nats.conf']).toContain('include ./nats-users.conf');
      // After a change of the contracts: npm run build && node tools/nats-users.mjs
      expect(configuration['nats-users.conf']).toBe(natsUsersFile());
      const passwords = /name: pentaprism-nats\n[\s\S]*?stringData:\n((?: .*\n)+)/.exec(
        makeSecrets('kubernetes', overlay),
      );
      const variables = [...(passwords?.[1] ?? '').matchAll(/^ {2}(\w+): '[a-z]\w{32,}'$/gm)].map(([, name]) => name);
      expect(variables.sort()).toEqual(BUS_USERS.map(passwordVariable).sort());
    });

    it('has no need of the credentials of a device, and gives them to the one app that asks it', () => {
      const optional = APPS.flatMap((name) => {
        const names = containerOf(app(name))
          .env.filter(({ valueFrom }) => valueFrom?.secretKeyRef?.optional)
          .map((each) => each.name);
        // A pod starts without them, so the app has to, too.
        const given = Object.entries(manifests.environmentOf(app(name)));
        const without = Object.fromEntries(given.filter(([each]) => !names.includes(each)));
        expect(() => configurationOf(name, without)).not.toThrow();
        return names.map((each) => `${name}: ${each}`);
      });
      expect(optional).toEqual(['training-ingest: MODALITY_API_USER', 'training-ingest: MODALITY_API_PASSWORD']);
      for (const name of APPS.filter((each) => each !== 'training-ingest'))
        expect(Object.keys(manifests.environmentOf(app(name))).filter((each) => each.startsWith('MODALITY_'))).toEqual(
          [],
        );
    });

    it('lets every app reach its servers, and nothing else', () => {
      const clients = manifests.workloads.filter(({ metadata }) => !SERVERS.includes(metadata.name));
      const reached = clients.flatMap((client) =>
        SERVERS.filter((server) => manifests.mayConnect(client, app(server), DEFAULT_PORTS[server] ?? 0)).map(
          (server) => `${client.metadata.name} -> ${server}`,
        ),
      );
      const needed = APPS.flatMap((name) => {
        const accepted = configurationOf(name, manifests.environmentOf(app(name)));
        return Object.entries(SERVER_OF)
          .filter(([variable]) => accepted[variable] !== undefined)
          .map(([, server]) => `${name} -> ${server}`);
      });
      expect(reached.sort()).toEqual([...needed, 'mongodb-initiate -> mongodb'].sort());
      for (const from of APPS) for (const to of APPS) expect(mayReach(app(from), app(to))).toBe(false);
      for (const from of SERVERS) for (const to of APPS) expect(mayReach(app(from), app(to))).toBe(false);
      // Of everything that may come from outside, the gateway's port is all.
      expect(
        manifests.policies.filter(({ spec }) => spec.ingress.some(({ from }) => from === undefined)),
      ).toMatchObject([
        {
          spec: {
            podSelector: { matchLabels: { 'app.kubernetes.io/name': 'gateway' } },
            ingress: [{ ports: [{ port: 3000 }] }],
          },
        },
      ]);
    });

    it('lets the one app that fetches images reach the web, but for networks that are not on the internet', () => {
      const outward = manifests.policies.filter(({ spec }) =>
        spec.egress.some(
          ({ to, ports }) => to?.some(({ ipBlock }) => ipBlock) && ports.some(({ port }) => port === 80),
        ),
      );
      expect(outward).toMatchObject([
        {
          spec: {
            podSelector: { matchLabels: { 'app.kubernetes.io/name': 'training-ingest' } },
            egress: [
              {
                to: [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '2000::/3' } }],
                ports: [{ port: 80 }, { port: 443 }],
              },
            ],
          },
        },
      ]);
      const blocked = ['10.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'];
      for (const network of blocked) expect(JSON.stringify(outward)).toContain(`"${network}"`);
    });

    it('lets no app reach a private network or the metadata of the cloud, whichever policies add up', () => {
      const inner = ['10.1.2.3', '100.64.0.1', '127.0.0.1', '172.16.0.1', '192.168.1.1', 'fd00::1', 'fe80::1'];
      const metadata = ['169.254.169.254', '168.63.129.16', 'fd00:ec2::254'];
      const reached = APPS.flatMap((name) =>
        [...inner, ...metadata, '93.184.216.34', '2606:2800:220:1::1'].flatMap((address) =>
          [80, 443, 6379, 8080]
            .filter((port) => manifests.mayReachAddress(app(name), address, port))
            .map((port) => `${name} ${address}:${port}`),
        ),
      );
      const fetcher = ['93.184.216.34', '2606:2800:220:1::1'].flatMap((address) =>
        [80, 443].map((port) => `training-ingest ${address}:${port}`),
      );
      // A store may be in a private network, for apps that fetch nothing that a user names.
      const store = ['gateway', 'catalog', 'augmentation', 'insights', 'worker'].flatMap((name) =>
        [...inner, '93.184.216.34'].filter((each) => !each.includes(':')).map((address) => `${name} ${address}:443`),
      );
      expect(reached.sort()).toEqual([...fetcher, ...(overlay === 'cluster' ? store : [])].sort());
    });

    it('has services that lead to the ports of its pods', () => {
      for (const { metadata, spec } of manifests.services) {
        const behind = running().filter((each) =>
          selects({ matchLabels: spec.selector, matchExpressions: [] }, labelsOf(each)),
        );
        expect(behind.map((each) => each.metadata.name)).toEqual([metadata.name]);
        const ports = containerOf(behind[0] as Workload).ports.map(({ name }) => name);
        for (const { targetPort } of spec.ports) expect(ports).toContain(targetPort);
      }
      expect(manifests.services.map(({ metadata }) => metadata.name).sort()).toEqual(['gateway', ...SERVERS].sort());
    });

    it('tells the apps of every member of the servers, and the members of each other', () => {
      const environment = manifests.environmentOf(app('catalog'));
      const [NATS_URL = '', MONGODB_URI = '', REDIS_URL] = ['NATS_URL', 'MONGODB_URI', 'REDIS_URL'].map((name) =>
        // Without the user and the password.
        environment[name]?.replaceAll(/\/\/[a-z]*:\w+@/g, '//'),
      );
      const members = (name: string) =>
        Array.from({ length: app(name).spec.replicas ?? 1 }, (_, member) => `${name}-${member}.${name}`);
      expect(NATS_URL.split(',')).toEqual(
        members('nats').length === 1 ? ['nats://nats:4222'] : members('nats').map((host) => `nats://${host}:4222`),
      );
      const hosts = members('mongodb').map((host) => `${host}:27017`);
      expect(MONGODB_URI).toBe(`mongodb://${hosts.join(',')}/pentaprism?replicaSet=rs0&authSource=admin`);
      expect(manifests.environmentOf(app('mongodb-initiate'))['MEMBERS']).toBe(members('mongodb').join(','));
      expect(REDIS_URL).toBe('redis://valkey:6379');
      const configuration = manifests.config('nats')['nats.conf'] ?? '';
      expect(configuration).toContain('sync_interval: always');
      const routes = [...configuration.matchAll(/nats:\/\/([^:]+):6222/g)].map(([, host]) => host);
      expect(routes).toEqual(members('nats').length === 1 ? [] : members('nats'));
    });

    it('has a volume for blobs in a directory, and for the data of every server', () => {
      for (const name of APPS) {
        const { BLOB_URL } = configurationOf(name, manifests.environmentOf(app(name)));
        if (typeof BLOB_URL !== 'string' || !BLOB_URL.startsWith('file:')) continue;
        const mounts = containerOf(app(name)).volumeMounts.filter(({ mountPath }) =>
          BLOB_URL.startsWith(`file://${mountPath}/`),
        );
        expect(mounts).toEqual([expect.objectContaining({ name: 'blobs' })]);
      }
      for (const name of SERVERS) {
        expect(app(name).spec['volumeClaimTemplates']).toHaveLength(1);
        expect(containerOf(app(name)).volumeMounts.map((mount) => mount.name)).toContain('data');
      }
    });

    it('mounts the log directory for the one app that follows it, read-only', () => {
      const mounts = APPS.flatMap((name) =>
        containerOf(app(name)).volumeMounts.filter((mount) => mount.name === 'event-logs'),
      );
      const { TENSORBOARD_LOGDIR: mountPath } = manifests.environmentOf(app('training-ingest'));
      expect(mounts).toEqual([{ name: 'event-logs', mountPath, readOnly: true }]);
    });

    function mayReach(from: Workload, to: Workload): boolean {
      return [3000, 80, ...Object.values(DEFAULT_PORTS)].some(
        (port) => port !== 3000 && manifests.mayConnect(from, to, port),
      );
    }
  },
);

described('deploy/k8s/overlays/cluster', () => {
  let manifests: Manifests;
  beforeAll(() => {
    manifests = new Manifests(parseYaml(render('cluster')), parseYaml(makeSecrets('kubernetes', 'cluster')));
  });

  it('has more than one of all that can be, on different nodes', () => {
    for (const name of APPS.filter((each) => each !== 'worker'))
      expect(manifests.workload(name).spec.replicas).toBeGreaterThanOrEqual(2);
    for (const name of ['nats', 'mongodb']) expect(manifests.workload(name).spec.replicas).toBe(3);
    for (const each of manifests.workloads.filter(({ kind }) => kind !== 'Job'))
      expect(each.spec.template.spec.topologySpreadConstraints).toMatchObject([
        { topologyKey: 'kubernetes.io/hostname' },
        { topologyKey: 'topology.kubernetes.io/zone' },
      ]);
  });

  it('scales workers by all jobs that wait or are being done, in whichever key BullMQ keeps them', () => {
    const trigger = z.strictObject({
      type: z.literal('redis'),
      authenticationRef: z.strictObject({ name: z.literal('valkey') }),
      metadata: z.strictObject({ address: z.string(), listName: z.string(), listLength: z.string().regex(/^\d+$/) }),
    });
    const scaledObject = z.object({
      apiVersion: z.literal('keda.sh/v1alpha1'),
      spec: z.strictObject({
        scaleTargetRef: z.strictObject({ name: z.string() }),
        minReplicaCount: z.int().positive(),
        maxReplicaCount: z.int().positive(),
        pollingInterval: z.int().positive(),
        fallback: z.strictObject({ failureThreshold: z.int(), replicas: z.int() }),
        advanced: z.object({ horizontalPodAutoscalerConfig: z.unknown() }),
        triggers: z.array(trigger),
      }),
    });
    const [{ spec } = { spec: undefined }, ...more] = manifests.ofKind('ScaledObject', scaledObject);
    expect(more).toEqual([]);
    // The number of replicas belongs to one of the two.
    expect(manifests.workload(spec?.scaleTargetRef.name ?? '').spec.replicas).toBeUndefined();
    const worker = manifests.workload('worker');
    const { QUEUE_PREFIX } = configurationOf('worker', manifests.environmentOf(worker));
    const keys = QUEUES.flatMap((queue) =>
      ['wait', 'active'].map((state) => `${String(QUEUE_PREFIX)}:${queue}:${state}`),
    );
    expect(spec?.triggers.map(({ metadata }) => metadata.listName).sort()).toEqual(keys.sort());
    const { namespace } = worker.metadata;
    for (const { metadata } of spec?.triggers ?? [])
      expect(metadata.address).toBe(`valkey.${namespace}.svc.cluster.local:6379`);
    const active = spec?.triggers.filter(({ metadata }) => metadata.listName.endsWith(':active'));
    // What takes a core for long is done one at a time.
    const concurrencyOf = (listName: string) =>
      /:(embedding|import|insight|training):/.test(listName)
        ? '1'
        : manifests.environmentOf(worker)['WORKER_CONCURRENCY'];
    for (const { metadata } of active ?? []) expect(metadata.listLength).toBe(concurrencyOf(metadata.listName));
  });
});

function mebibytes(quantity = ''): number {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  return Number(number) * (unit === 'Gi' ? 1024 : 1);
}
