import { beforeAll, describe, expect, it } from '@jest/globals';
import { variablesFor } from '@pentaprism/config';
import { BUS_USERS, passwordVariable, type BusUser } from '@pentaprism/contracts';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { ANY_SECRET, APPS, configurationOf, isPinned, unknownVariables } from './support/apps.js';
import { containerOf, Manifests } from './support/kubernetes.js';
import {
  exists,
  makeSecrets,
  makeSecretsIn,
  parseYaml,
  render,
  REPOSITORY,
  runPython,
  TOOLS_MISSING,
} from './support/tools.js';

const DOCKERFILE = 'deploy/docker/Dockerfile';
const COMPOSE = 'docker-compose.yml';
/** Mounted in the place of a file that the operator does not have. */
const NO_FILE = '/dev/null';
const SERVERS = ['mongodb', 'nats', 'valkey'];
const described = TOOLS_MISSING ? describe.skip : describe;
const why = TOOLS_MISSING && ` (${TOOLS_MISSING})`;

const service = z.looseObject({
  image: z.string().optional(),
  build: z.object({ context: z.literal('.'), dockerfile: z.string(), target: z.string() }).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  volumes: z.array(z.string()).default([]),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
  stop_grace_period: z.string().optional(),
  mem_limit: z.string().optional(),
});
const compose = z.object({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
});

/** `${NAME:-default}` gives the default; what has to be set is set. */
function interpolated(environment: Readonly<Record<string, string>>): Record<string, string> {
  const value = (text: string) =>
    text.replaceAll(/\$\{[A-Z_]+(?::-([^}]*)|:\?[^}]*)\}/g, (_, fallback?: string) => fallback ?? ANY_SECRET);
  return Object.fromEntries(Object.entries(environment).map(([name, text]) => [name, value(text)]));
}

/** Source, target and mode of each volume. */
function mounted(volumes: readonly string[]): string[][] {
  return Object.values(interpolated(Object.fromEntries(volumes.entries()))).map((volume) => volume.split(':'));
}

described(`${COMPOSE}${why}`, () => {
  let file: z.output<typeof compose>;
  const app = (name: string) => service.parse(file.services[name]);

  beforeAll(() => {
    file = compose.parse(parseYaml(readFileSync(path.join(REPOSITORY, COMPOSE), 'utf8'))[0]);
  });

  it('is valid', () => {
    const args = ['--builtin-schema', 'vendor.compose-spec', COMPOSE];
    expect(runPython('check-jsonschema', args)).toEqual({ status: 0, output: expect.stringContaining('ok') });
  });

  it('runs every app from its target of the Dockerfile, and the official images of the servers of the manifests', () => {
    expect(Object.keys(file.services).sort()).toEqual([...APPS, ...SERVERS].sort());
    for (const name of APPS) expect(app(name).build).toMatchObject({ dockerfile: DOCKERFILE, target: name });
    const manifests = new Manifests(parseYaml(render('single-node')));
    for (const name of SERVERS) {
      expect(app(name).image).toBe(containerOf(manifests.workload(name)).image);
      expect(isPinned(app(name).image ?? '')).toBe(true);
      expect(app(name).healthcheck).toBeDefined();
    }
  });

  it('depends on what there is, and waits for the health of what has a check', () => {
    for (const [name, { depends_on }] of Object.entries(file.services)) {
      for (const [other, { condition }] of Object.entries(depends_on)) {
        expect(Object.keys(file.services)).toContain(other);
        expect({ name, other, condition }).toMatchObject({
          condition: SERVERS.includes(other) ? 'service_healthy' : 'service_started',
        });
      }
    }
    for (const name of APPS) expect(Object.keys(app(name).depends_on)).toEqual(expect.arrayContaining(SERVERS));
  });

  it('gives every app a configuration that it accepts, and nothing that no app knows', () => {
    for (const name of APPS) {
      const environment = interpolated(app(name).environment);
      expect(() => configurationOf(name, environment)).not.toThrow();
      expect(unknownVariables(environment)).toEqual([]);
    }
  });

  it('limits the memory of every service as the manifests do', () => {
    const manifests = new Manifests(parseYaml(render('single-node')));
    for (const name of [...APPS, ...SERVERS]) {
      const { mem_limit: limit = '' } = service.parse(file.services[name]);
      const { memory } = containerOf(manifests.workload(name)).resources.limits;
      expect([name, interpolated({ limit })['limit']?.toUpperCase()]).toEqual([name, memory?.replace('i', '')]);
    }
  });

  it('runs as many jobs at once as the memory of a worker allows', () => {
    const manifests = new Manifests(parseYaml(render('single-node')));
    const { env } = containerOf(manifests.workload('worker'));
    const { value } = env.find(({ name }) => name === 'WORKER_CONCURRENCY') ?? {};
    expect(interpolated(app('worker').environment)['WORKER_CONCURRENCY']).toBe(value);
    expect(Number(value)).toBeGreaterThan(0);
  });

  it('gives insights memory for embeddings in use, for as many cached ones, and for itself', () => {
    const manifests = new Manifests(parseYaml(render('single-node')));
    const { env, resources } = containerOf(manifests.workload('insights'));
    const { value } = env.find(({ name }) => name === 'SIMILARITY_MEMORY') ?? {};
    expect(interpolated(app('insights').environment)['SIMILARITY_MEMORY']).toBe(value);
    expect(resources.limits.memory).toBe(`${2 * Number(value) + 256}Mi`);
  });

  it('has no default for a secret', () => {
    const secrets = ['SIGNING_SECRETS', 'PENTAPRISM_OWNER_KEY', 'NATS_URL', 'MONGODB_URI', 'REDIS_URL'];
    for (const name of APPS)
      for (const secret of secrets) expect(app(name).environment[secret] ?? '${X:?}').toMatch(/\$\{[A-Z_]+:\?/);
    for (const name of SERVERS)
      for (const value of Object.values(app(name).environment)) expect(value).toMatch(/^\$\{[A-Z_]+:\?[^}]+\}$/);
  });

  it('asks no device unless it is told to, and gives its credentials to the one app that asks it', () => {
    const told = APPS.filter((name) => Object.keys(app(name).environment).some((each) => each.startsWith('MODALITY_')));
    expect(told).toEqual(['training-ingest']);
    const { environment } = app('training-ingest');
    expect(configurationOf('training-ingest', interpolated(environment))).not.toHaveProperty('MODALITY_API_URL');
    const device = {
      MODALITY_API_URL: 'https://10.1.2.3:43809/api',
      MODALITY_API_USER: 'u',
      MODALITY_API_PASSWORD: 'p',
    };
    for (const name of [...Object.keys(device), 'MODALITY_TIMEOUT', 'FILTERS_TTL', 'URL_IMPORT_ALLOW'])
      expect(environment[name]).toBe(`\${${name}:-}`);
    expect(configurationOf('training-ingest', { ...interpolated(environment), ...device })).toMatchObject(device);
  });

  it('gives no app more rights than it needs, and longer to stop than it takes', () => {
    for (const name of APPS) {
      expect(app(name)).toMatchObject({
        read_only: true,
        tmpfs: ['/tmp'],
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      const { STOP_LIMIT } = configurationOf(name, interpolated(app(name).environment));
      expect(Number.parseInt(app(name).stop_grace_period ?? '', 10)).toBeGreaterThan(Number(STOP_LIMIT) + 5);
    }
  });

  it('has the volumes that it mounts, and mounts the one of the blobs where an app has to do with bytes', () => {
    for (const { volumes } of Object.values(file.services)) {
      for (const [source = ''] of mounted(volumes)) {
        if (source === NO_FILE) continue;
        if (source.startsWith('./')) expect([source, exists(source)]).toEqual([source, true]);
        else expect(Object.keys(file.volumes)).toContain(source);
      }
    }
    for (const name of APPS) {
      const { BLOB_URL } = configurationOf(name, interpolated(app(name).environment));
      const mounts = mounted(app(name).volumes).filter(([source = '']) => !['event-logs', NO_FILE].includes(source));
      expect(mounts).toEqual(BLOB_URL === undefined ? [] : [['blobs', '/var/lib/pentaprism']]);
    }
  });

  it('mounts the log directory for the one app that follows it, read-only', () => {
    for (const name of APPS) {
      const { TENSORBOARD_LOGDIR } = configurationOf(name, interpolated(app(name).environment));
      const mounts = mounted(app(name).volumes).filter(([source]) => source === 'event-logs');
      expect([name, TENSORBOARD_LOGDIR !== undefined]).toEqual([name, name === 'training-ingest']);
      expect(mounts).toEqual(TENSORBOARD_LOGDIR === undefined ? [] : [['event-logs', TENSORBOARD_LOGDIR, 'ro']]);
    }
    expect(app('training-ingest').volumes).toContain('${TENSORBOARD_LOGDIR:-event-logs}:/var/lib/event-logs:ro');
  });

  it("mounts the archive of TensorBoard's frontend for the gateway, and an empty file where the operator names none", () => {
    const { TENSORBOARD_WEBFILES } = configurationOf('gateway', interpolated(app('gateway').environment));
    expect(app('gateway').volumes).toContain(`\${TENSORBOARD_WEBFILES:-${NO_FILE}}:${String(TENSORBOARD_WEBFILES)}:ro`);
  });

  it('makes NATS keep what it has acknowledged', () => {
    expect(readFileSync(path.join(REPOSITORY, 'deploy/docker/nats.conf'), 'utf8')).toContain('sync_interval: always');
  });

  it('asks for the secrets that deploy/make-secrets.sh draws, and no others', () => {
    const text = readFileSync(path.join(REPOSITORY, COMPOSE), 'utf8');
    const asked = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name));
    const drawn = makeSecrets('compose')
      .trim()
      .split('\n')
      .map((line) => line.split('='));
    expect(drawn.map(([name]) => name).sort()).toEqual([...asked].sort());
    for (const [, value = ''] of drawn) expect(value).toMatch(/^(?:[0-9a-f]{12}\.)?[a-z][0-9a-f]{64}$/);
    expect(new Set(drawn.map(([, value]) => value)).size).toBe(drawn.length);
  });

  it('keeps the secrets that the environment of deploy/make-secrets.sh has', () => {
    const given = {
      SIGNING_SECRETS: 'new\'$HOME "`x`,old',
      PENTAPRISM_OWNER_KEY: 'id.mine',
      NATS_PASSWORD_WORKER: 'w',
    };
    const lines = makeSecretsIn(given, 'compose').split('\n');
    for (const [name, value] of Object.entries(given)) expect(lines).toContain(`${name}=${value}`);
    const { SIGNING_SECRETS, PENTAPRISM_OWNER_KEY } = given;
    expect(parseYaml(makeSecretsIn(given, 'kubernetes', 'single-node'))).toContainEqual(
      expect.objectContaining({
        metadata: expect.objectContaining({ name: 'pentaprism-catalog' }) as unknown,
        stringData: expect.objectContaining({ SIGNING_SECRETS, PENTAPRISM_OWNER_KEY }) as unknown,
      }),
    );
  });

  it('adds to a file of variables only those that it lacks, each time', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'pentaprism-unit-'));
    const file = path.join(directory, '.env');
    try {
      const before =
        'PORT=4000\nSIGNING_SECRETS=mine\nexport PENTAPRISM_OWNER_KEY=id.mine\nVALKEY_PASSWORD=\nMONGODB_KEY=k';
      writeFileSync(file, before, { mode: 0o644 });
      makeSecrets('compose', file);
      const after = readFileSync(file, 'utf8');
      expect(after.startsWith(`${before}\n`)).toBe(true);
      const added = after
        .slice(before.length + 1)
        .trim()
        .split('\n')
        .map((line) => line.split('=')[0]);
      const apps = APPS.map((app) => `NATS_PASSWORD_${app.toUpperCase().replaceAll('-', '_')}`);
      expect(added.sort()).toEqual(['MONGODB_PASSWORD', 'VALKEY_PASSWORD', ...apps].sort());
      expect(statSync(file).mode & 0o777).toBe(0o600);
      makeSecrets('compose', file);
      expect(readFileSync(file, 'utf8')).toBe(after);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('gives each app what it reads, and its own user of NATS', () => {
    for (const name of APPS) {
      const given = Object.keys(app(name).environment);
      expect(variablesFor(name, given)).toEqual(given);
      expect(app(name).environment['NATS_URL']).toContain(`nats://${name}:\${${passwordVariable(name as BusUser)}:?`);
    }
    expect(Object.keys(app('nats').environment).sort()).toEqual(BUS_USERS.map(passwordVariable).sort());
    expect(app('nats').volumes).toEqual(
      expect.arrayContaining([
        './deploy/docker/nats.conf:/etc/nats/nats.conf:ro',
        './deploy/k8s/servers/nats-users.conf:/etc/nats/nats-users.conf:ro',
      ]),
    );
    expect(readFileSync(path.join(REPOSITORY, 'deploy/docker/nats.conf'), 'utf8')).toContain(
      'include ./nats-users.conf',
    );
  });
});

described(`${DOCKERFILE}${why}`, () => {
  const text = readFileSync(path.join(REPOSITORY, DOCKERFILE), 'utf8');
  const stages = text.split(/^(?=FROM )/m).slice(1);
  const stage = (name: string) => stages.find((each) => each.split('\n')[0]?.endsWith(` AS ${name}`)) ?? '';

  it('passes hadolint', () => {
    expect(runPython('hadolint', [DOCKERFILE])).toEqual({ status: 0, output: '' });
  });

  it('has a target for every app, which starts what the build makes', () => {
    for (const name of APPS) {
      expect(stage(name)).toMatch(/^FROM runtime AS /);
      expect(stage(name)).toMatch(new RegExp(`^COPY --from=build /out/${name} /app$`, 'm'));
      expect(stage(name)).toMatch(
        new RegExp(`^CMD \\["node", (?:"--[\\w=-]+", )*"apps/${name}/dist/main\\.js"\\]$`, 'm'),
      );
      expect(exists(`apps/${name}/src/main.ts`)).toBe(true);
      expect(stage('build')).toMatch(new RegExp(` apps/${name}(?: |$)`, 'm'));
    }
    const targets = stages.map((each) => / AS (\S+)$/m.exec(each.split('\n')[0] ?? '')?.[1]);
    expect(targets.sort()).toEqual(['manifests', 'build', 'runtime', ...APPS].sort());
  });

  it('runs as the user of the manifests, with their probe, from an image whose version is fixed', () => {
    expect(stage('runtime')).toMatch(/^USER 1000:1000$/m);
    expect(stage('runtime')).toMatch(/^COPY .*deploy\/docker\/heartbeat\.sh \/usr\/local\/bin\/heartbeat$/m);
    expect(exists('deploy/docker/heartbeat.sh')).toBe(true);
    expect(stage('runtime')).toMatch(/HEARTBEAT_FILE=\/tmp\/heartbeat$/m);
    expect(text).toMatch(/^ARG NODE_VERSION=\d+\.\d+\.\d+$/m);
    expect(stages.filter((each) => !/^FROM (?:runtime|node:\$\{NODE_VERSION\}-\S+) AS /.test(each))).toEqual([]);
  });
});
