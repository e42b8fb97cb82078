// @ts-check
/**
 * The checks of `npm run test:containers`, in a process of its own (`run.mjs`).
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { checkContext } from './build-context.mjs';
import { check, totals } from './check.mjs';
import { CannotRun, Engine, REPOSITORY, ULIMITS } from './engine.mjs';
import { Client, until } from './journey.mjs';
import { checkManifests } from './kube.mjs';
import { CACHED_STAGES, imageOf, PROJECT } from './leftovers.mjs';
import { makeStandIns, registryAnswers } from './stand-ins.mjs';

const CANNOT_RUN = 3;
const COMPOSE = 'docker-compose.yml';
const DOCKERFILE = 'deploy/docker/Dockerfile';
const APPS = ['catalog', 'tagging', 'training-ingest', 'augmentation', 'insights', 'worker', 'gateway'];
const SERVERS = ['mongodb', 'nats', 'valkey'];
/** Largest size of an image above its base, in MB. */
const SIZE_LIMITS = { worker: 350, default: 150 };
const RUN = ['run', '--rm', ...ULIMITS];
/** What only a worker needs. */
const HEAVY = ['onnxruntime-node', '@tensorflow', 'sharp', '@img'];

async function main() {
  const engine = new Engine();
  const base = await prepareBases(engine);
  const env = await environment();
  const compose = (/** @type {string[]} */ ...args) => engine.compose(PROJECT, args, env);
  await check('the engine sends the allowed files to a build, and no other file', () => checkContext(engine));
  const built = await check('all images are built', () => {
    for (const stage of CACHED_STAGES) engine.build(imageOf(stage), { file: DOCKERFILE, context: '.', target: stage });
    compose('build');
  });
  if (!built) return;
  await checkImages(engine, base.image);
  await checkProject(engine, compose, new Client(`http://${env.PORT}`, String(env.PENTAPRISM_OWNER_KEY)));
  compose('down', '--volumes');
  await checkManifests(engine, APPS);
}

/**
 * Makes or pulls the base images, and starts a container to see whether the engine works here.
 * @param {Engine} engine
 */
async function prepareBases(engine) {
  const dockerfile = readFileSync(path.join(REPOSITORY, DOCKERFILE), 'utf8');
  const version = /^ARG NODE_VERSION=(\S+)$/m.exec(dockerfile)?.[1] ?? '';
  const images = readFileSync(path.join(REPOSITORY, COMPOSE), 'utf8').matchAll(/^ {4}image: (\S+)$/gm);
  const [mongodb = '', nats = '', valkey = ''] = [...images].map(([, image = '']) => official(image));
  const names = { node: official(`node:${version}-trixie-slim`), mongodb, nats, valkey };
  if (await registryAnswers()) {
    for (const name of Object.values(names)) engine.must(['pull', '--quiet', name]);
  } else {
    console.log('No registry of images answers: stand-ins for the official images are used.');
    await makeStandIns(engine, names);
  }
  const { status, output } = engine.run([...RUN, names.node, 'node', '-e', '1']);
  if (status !== 0) throw new CannotRun(`Podman cannot run a container on this machine: ${output.trim().slice(-500)}`);
  return { image: names.node, version };
}

/**
 * Returns the name under which an engine stores an image.
 * @param {string} image
 */
function official(image) {
  return `docker.io/${image.includes('/') ? '' : 'library/'}${image}`;
}

/** Returns what docker-compose.yml needs: secrets, and a free port of this machine only. */
async function environment() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  const required = readFileSync(path.join(REPOSITORY, COMPOSE), 'utf8').matchAll(/\$\{([A-Z_]+):\?/g);
  // Letters and digits, beginning with a letter, so that a secret means itself in every file and URL.
  const secrets = [...required].map(([, name]) => [name, `s${randomBytes(24).toString('hex')}`]);
  const ownerKey = `${randomBytes(6).toString('hex')}.${randomBytes(24).toString('hex')}`;
  return { ...Object.fromEntries(secrets), PENTAPRISM_OWNER_KEY: ownerKey, PORT: `127.0.0.1:${port}` };
}

/**
 * @param {Engine} engine
 * @param {string} base
 */
async function checkImages(engine, base) {
  const size = (/** @type {string} */ image) =>
    Number(engine.must(['image', 'inspect', '--format', '{{.Size}}', image]));
  const megabytes = (/** @type {string} */ app) => Math.round((size(imageOf(app)) - size(base)) / 1e6);
  for (const app of APPS) {
    await check(`the image of ${app} is small`, () => {
      const limit = app === 'worker' ? SIZE_LIMITS.worker : SIZE_LIMITS.default;
      assert.ok(megabytes(app) <= limit, `${megabytes(app)} MB above its base, more than ${limit}`);
      return `${megabytes(app)} MB above its base`;
    });
    await check(`the image of ${app} holds no secret, no test and no unneeded package`, () => {
      const list = 'ls -a /app /app/node_modules /app/node_modules/@*; find /app -name .env -o -name "*.spec.js"';
      const found = engine.must([...RUN, imageOf(app), 'sh', '-c', list]).split(/[\n:]/);
      const unwanted = ['.env', 'test', 'typescript', 'jest', 'nx', ...(app === 'worker' ? [] : HEAVY)];
      assert.deepEqual(
        unwanted.filter((name) =>
          found.some((line) => line.endsWith(name) && path.basename(line) === path.basename(name)),
        ),
        [],
      );
    });
  }
}

/**
 * @param {Engine} engine
 * @param {(...args: string[]) => string} compose
 * @param {Client} client
 */
async function checkProject(engine, compose, client) {
  const nameOf = (/** @type {string} */ service) =>
    engine.must(['ps', '--all', '--filter', `label=com.docker.compose.service=${service}`, '--format', '{{.Names}}']);
  const inspect = (/** @type {string} */ service, /** @type {string} */ format) =>
    engine.must(['inspect', '--format', format, nameOf(service)]);
  // Engines without systemd run no health checks by themselves. The one of MongoDB also makes the replica set.
  const healthy = (/** @type {string} */ service) =>
    until(`${service} is healthy`, async () => engine.run(['healthcheck', 'run', nameOf(service)]).status === 0);

  const started = await check('the project starts', async () => {
    compose('up', '--detach', '--no-build');
    for (const server of SERVERS) await healthy(server);
    await client.ready();
  });
  if (!started) {
    for (const service of [...SERVERS, ...APPS])
      console.log(`== ${service}\n${engine.run(['logs', '--tail', '20', nameOf(service)]).output}`);
    return;
  }
  await check('the health check of every app passes', async () => {
    for (const app of APPS) await healthy(app);
  });
  await check('every app runs as user 1000, with a read-only root and without capabilities', () => {
    for (const app of APPS) {
      const format = '{{.HostConfig.ReadonlyRootfs}} {{.EffectiveCaps}} {{.Config.User}}';
      assert.equal(inspect(app, format), 'true [] 1000:1000', app);
      const write = engine.run(['exec', nameOf(app), 'sh', '-c', 'id -u; touch /app/written']);
      assert.match(write.output, /^1000\s[^]*Read-only file system/, app);
    }
  });
  /** @type {{ id: number, picture: Buffer } | undefined} */
  let image;
  await check('an uploaded picture comes back with the same bytes', async () => {
    image = await client.upload();
    assert.ok(image.picture.equals(await client.download(image.id)));
  });
  await check('a sample job ends with samples', async () => {
    assert.ok((await client.sample()) > 0);
  });
  await check('a training ends with a model that knows its classes', async () => {
    assert.equal(await client.train(), 'disc');
  });
  for (const service of ['catalog', 'worker', 'mongodb']) {
    await check(`the project serves again after ${service} was killed and started`, async () => {
      engine.must(['kill', '--signal', 'KILL', nameOf(service)]);
      await until(
        `${service} has ended`,
        async () =>
          inspect(service, '{{.State.Running}}') === 'false' || Number(inspect(service, '{{.RestartCount}}')) > 0,
      );
      engine.must(['start', nameOf(service)]);
      await healthy(service);
      await client.ready();
      assert.ok(image?.picture.equals(await client.download(image.id)));
      assert.ok((await client.sample()) > 0);
    });
  }
  // The gateway first and the servers last, as an orchestrator that knows the dependencies does.
  for (const app of [...APPS].reverse()) {
    await check(`${app} stops by itself, with exit code 0`, () => {
      compose('stop', app);
      const state = inspect(app, '{{.State.Running}} {{.State.ExitCode}}');
      assert.equal(state, 'false 0', engine.run(['logs', '--tail', '10', nameOf(app)]).output);
    });
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof CannotRun)) throw error;
  console.error(error.message);
  process.exit(CANNOT_RUN);
}
process.exit(totals.failed === 0 ? 0 : 1);
