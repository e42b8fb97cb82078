import { BlockList, isIPv6 } from 'node:net';
import { z } from 'zod';
import { ANY_SECRET } from './apps.js';

const labels = z.record(z.string(), z.string());
const selector = z.object({
  matchLabels: labels.default({}),
  matchExpressions: z
    .array(z.object({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()) }))
    .default([]),
});
const reference = z.object({ name: z.string() });
const probe = z.looseObject({
  exec: z.object({ command: z.array(z.string()) }).optional(),
  httpGet: z.object({ path: z.string(), port: z.string() }).optional(),
  tcpSocket: z.object({ port: z.string() }).optional(),
});
const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  env: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z
          .object({
            secretKeyRef: z
              .object({ name: z.string(), key: z.string(), optional: z.boolean().default(false) })
              .optional(),
          })
          .loose()
          .optional(),
      }),
    )
    .default([]),
  envFrom: z
    .array(z.object({ configMapRef: reference.optional(), secretRef: reference.optional() }).strict())
    .default([]),
  ports: z.array(z.object({ name: z.string(), containerPort: z.int() })).default([]),
  securityContext: z.unknown(),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  resources: z.object({ requests: labels, limits: labels }),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
});
const podTemplate = z.object({
  metadata: z.object({ labels }),
  spec: z.looseObject({
    containers: z.array(container).length(1),
    securityContext: z.looseObject({}),
    automountServiceAccountToken: z.boolean(),
    terminationGracePeriodSeconds: z.int().default(30),
    topologySpreadConstraints: z.array(z.unknown()).default([]),
    volumes: z.array(z.looseObject({ name: z.string() })).default([]),
  }),
});
const metadata = z.looseObject({ name: z.string(), namespace: z.string().optional() });
const workload = z.object({
  kind: z.enum(['Deployment', 'StatefulSet', 'Job']),
  metadata,
  spec: z.looseObject({ replicas: z.int().optional(), selector: selector.optional(), template: podTemplate }),
});
const ipBlock = z.strictObject({ cidr: z.string(), except: z.array(z.string()).default([]) });
const peer = z
  .object({ podSelector: selector.optional(), namespaceSelector: selector.optional(), ipBlock: ipBlock.optional() })
  .strict();
const rulePorts = z.array(z.object({ protocol: z.string(), port: z.int() }));
const networkPolicy = z.object({
  metadata,
  spec: z
    .object({
      podSelector: selector,
      policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
      ingress: z.array(z.object({ from: z.array(peer).optional(), ports: rulePorts }).strict()).default([]),
      egress: z.array(z.object({ to: z.array(peer).optional(), ports: rulePorts }).strict()).default([]),
    })
    .strict(),
});
const disruptionBudget = z.object({ metadata, spec: z.object({ maxUnavailable: z.int(), selector }) });
const service = z.object({
  metadata,
  spec: z.looseObject({
    selector: labels,
    ports: z.array(z.object({ name: z.string(), port: z.int(), targetPort: z.string() })),
  }),
});
const configMap = z.object({ metadata, data: labels });
const secret = z.object({ metadata, stringData: labels });

export type Workload = z.output<typeof workload>;
type Selector = z.output<typeof selector>;
type Peer = z.output<typeof peer>;
type Direction = 'ingress' | 'egress';

/** The manifests of one overlay, by kind, and what follows from them. */
export class Manifests {
  readonly workloads: Workload[];
  readonly budgets: z.output<typeof disruptionBudget>[];
  readonly services: z.output<typeof service>[];
  readonly policies: z.output<typeof networkPolicy>[];
  private readonly configMaps: ReadonlyMap<string, Record<string, string>>;
  private readonly secrets: ReadonlyMap<string, Record<string, string>>;

  /** @param secrets those that an operator makes */
  constructor(
    private readonly documents: readonly unknown[],
    secrets: readonly unknown[] = [],
  ) {
    this.workloads = ['Deployment', 'StatefulSet', 'Job'].flatMap((kind) => this.ofKind(kind, workload));
    this.budgets = this.ofKind('PodDisruptionBudget', disruptionBudget);
    this.services = this.ofKind('Service', service);
    this.policies = this.ofKind('NetworkPolicy', networkPolicy);
    const maps = this.ofKind('ConfigMap', configMap);
    this.configMaps = new Map(maps.map(({ metadata: { name }, data }) => [name, data]));
    this.secrets = new Map(
      secrets.map((each) => secret.parse(each)).map(({ metadata: { name }, stringData }) => [name, stringData]),
    );
  }

  ofKind<T>(kind: string, schema: z.ZodType<T>): T[] {
    return this.documents.filter((each) => kindOf(each) === kind).map((each) => schema.parse(each));
  }

  get kinds(): string[] {
    return this.documents.map(kindOf);
  }

  /** @throws Error when there is none of that name */
  workload(name: string): Workload {
    const found = this.workloads.find((each) => each.metadata.name === name);
    if (!found) throw new Error(`no workload is called ${name}`);
    return found;
  }

  config(prefix: string): Record<string, string> {
    const [, data] = [...this.configMaps].find(([name]) => name.startsWith(`${prefix}-`)) ?? [];
    if (!data) throw new Error(`no ConfigMap is called ${prefix}`);
    return data;
  }

  /** What the container's process finds in its environment; what an operator may leave out has some value. */
  environmentOf(each: Workload): Record<string, string> {
    const { env, envFrom } = containerOf(each);
    const fromMaps = envFrom.map(({ configMapRef }) => {
      if (!configMapRef) return {};
      const data = this.configMaps.get(configMapRef.name);
      if (!data) throw new Error(`${each.metadata.name} names the missing ConfigMap ${configMapRef.name}`);
      return data;
    });
    const own = env.map(({ name, value, valueFrom }) => {
      const { secretKeyRef } = valueFrom ?? {};
      const known = secretKeyRef && this.secrets.get(secretKeyRef.name)?.[secretKeyRef.key];
      if (secretKeyRef && !secretKeyRef.optional && known === undefined)
        throw new Error(`${each.metadata.name}: no ${secretKeyRef.key} in the Secret ${secretKeyRef.name}`);
      return [name, value ?? known ?? ANY_SECRET] as const;
    });
    return Object.assign({}, ...fromMaps, Object.fromEntries(own)) as Record<string, string>;
  }

  /** Whether the policies of both ends let one pod open a connection to another. */
  mayConnect(from: Workload, to: Workload, port: number): boolean {
    return this.allows('egress', from, to, port) && this.allows('ingress', to, from, port);
  }

  /** Whether the policies together, which add up, let a pod open a connection to an address outside of the cluster. */
  mayReachAddress(from: Workload, address: string, port: number): boolean {
    const mine = this.policies.filter(
      ({ spec }) => spec.policyTypes.includes('Egress') && selects(spec.podSelector, labelsOf(from)),
    );
    return (
      mine.length === 0 ||
      mine.some(({ spec }) =>
        spec.egress.some(
          ({ to, ports }) =>
            ports.some((each) => each.protocol === 'TCP' && each.port === port) &&
            (to === undefined || to.some((each) => each.ipBlock && holds(each.ipBlock, address))),
        ),
      )
    );
  }

  private allows(direction: Direction, of: Workload, other: Workload, port: number): boolean {
    const type = direction === 'ingress' ? 'Ingress' : 'Egress';
    const mine = this.policies.filter(
      ({ spec }) => spec.policyTypes.includes(type) && selects(spec.podSelector, labelsOf(of)),
    );
    // Without any policy everything is allowed; with one, only what one of them names.
    if (mine.length === 0) return true;
    return mine.some(({ spec }) =>
      spec[direction].some((rule) => {
        const peers: Peer[] | undefined = 'from' in rule ? rule.from : 'to' in rule ? rule.to : undefined;
        const known = peers === undefined || peers.some((each) => isPod(each, other));
        return known && rule.ports.some((each) => each.port === port);
      }),
    );
  }
}

function holds({ cidr, except }: z.output<typeof ipBlock>, address: string): boolean {
  const isIn = (network: string) => {
    const [start = '', bits] = network.split('/');
    const family = isIPv6(start) ? 'ipv6' : 'ipv4';
    if ((family === 'ipv6') !== isIPv6(address)) return false;
    const list = new BlockList();
    list.addSubnet(start, Number(bits), family);
    return list.check(address, family);
  };
  return isIn(cidr) && !except.some(isIn);
}

export function containerOf(each: Workload) {
  return each.spec.template.spec.containers[0] as z.output<typeof container>;
}

export function labelsOf(each: Workload): Record<string, string> {
  return each.spec.template.metadata.labels;
}

export function selects({ matchLabels, matchExpressions }: Selector, of: Record<string, string>): boolean {
  const equal = Object.entries(matchLabels).every(([key, value]) => of[key] === value);
  return equal && matchExpressions.every(({ key, values }) => values.includes(of[key] ?? ''));
}

/** Of the same namespace. */
function isPod({ podSelector, namespaceSelector }: Peer, other: Workload): boolean {
  return podSelector !== undefined && namespaceSelector === undefined && selects(podSelector, labelsOf(other));
}

function kindOf(document: unknown): string {
  return z.looseObject({ kind: z.string() }).parse(document).kind;
}
