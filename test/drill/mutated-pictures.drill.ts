import { DomainError } from '@pentaprism/domain';
import { createDecodePool, type DecodePool } from '@pentaprism/imaging';
import { APPS } from '@pentaprism/local';
import { z } from 'zod';
import { FILTERS, form, infoPart, mediaPart } from '../e2e/support/filters.js';
import { startFaultyStack, type FaultyStack } from '../e2e/support/faults-stack.js';
import { send, type Answer, type SendOptions } from '../e2e/support/http.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult, type Measure } from './drill.js';
import { forEach } from './support/for-each.js';
import { mutated } from './support/mutations.js';
import { mutatedPicture, wholePictures, type WholePicture } from './support/mutated-pictures.js';
import { mutatedRows } from './support/mutated-rows.js';
import { peakMemory, processTree } from './support/processes.js';
import { radiograph } from './support/radiographs.js';
import { settled } from './support/settled.js';
import { bytesBody, VisionClient } from './support/vision-client.js';
import { VisionWorkspace } from './support/vision-workspace.js';

const AT_THE_PORT = 50_000;
const PER_DIALECT = 3_000;
/** Requests, and tasks of decode processes, at once. */
const [LANES, DECODERS] = [4, 2];
/** Megabytes at which a decode process is ended, with what it grows by between two looks at it. */
const DECODER_MB = 1_124;
/** Milliseconds between two looks at the memory of decode processes, which keep their own peak. */
const LOOK_MS = 200;
const LOG_MS = 10_000;

interface Found {
  /** Tasks that ended neither with a picture nor with the reason why there is none. */
  readonly otherwise: string[];
  readonly failures: string[];
}

/** A way of bytes into an API, for one picture. */
interface WayIn {
  readonly name: string;
  readonly send: (picture: WholePicture) => Promise<Answer>;
  readonly make: () => WholePicture;
}

/** Accidents in the bytes of pictures: each is decoded or refused with a reason, and nothing else happens. */
export const mutatedPictures: Drill = {
  number: 5,
  name: 'mutated pictures',
  goal:
    '50,000 mutated pictures of 22 kinds in decode processes, 3,000 more at each API that takes files: no unplanned end ' +
    'of a process, no 5xx, a decode process at most 1 GiB.',
  limitSeconds: 20 * 60,
  // With the same seed in each run, these are the same pictures: 2,000 of them show a change of a decoder.
  testScale: 0.04,
  run: async (context) => {
    const wholes = await wholePictures(context.random('whole'));
    const found: Found = { otherwise: [], failures: [] };
    const alone = await atThePort(wholes, found, context);
    const faulty = await startFaultyStack();
    try {
      const whole = await atTheApis(faulty, wholes, found, context);
      return {
        did: `${alone.count} pictures in decode processes, ${whole.count} over HTTP`,
        measures: [...alone.measures, ...whole.measures, none('5xx', found.failures)],
        examples: examplesOf({ ...found }, 6),
      } satisfies DrillResult;
    } finally {
      await faulty.stop();
    }
  },
};

async function atThePort(wholes: readonly WholePicture[], { otherwise }: Found, context: DrillContext) {
  const pool = createDecodePool({ size: DECODERS });
  const random = context.random('port');
  const count = context.count(AT_THE_PORT);
  let [done, decoded, largest] = [0, 0, 0];
  const watch = setInterval(() => {
    largest = Math.max(
      largest,
      ...processTree(process.pid)
        .slice(1)
        .map((pid) => peakMemory(pid) || 0),
    );
  }, LOOK_MS);
  const report = setInterval(() => context.log(`${done}/${count} pictures, ${decoded} of them decoded`), LOG_MS);
  try {
    await forEach(Array.from({ length: count }), DECODERS, async () => {
      const { name, bytes } = mutatedPicture(random, wholes);
      const end = await endOf(pool, bytes);
      done += 1;
      if (end === 'decoded') decoded += 1;
      else if (end !== 'refused') otherwise.push(`${name}: ${end}, ${bytes.toString('base64').slice(0, 2000)}`);
    });
  } finally {
    clearInterval(watch);
    clearInterval(report);
    await pool.close();
  }
  return {
    count,
    measures: [
      none('pictures neither decoded nor refused', otherwise),
      { what: 'memory of a decode process', worst: largest, atMost: DECODER_MB, unit: 'MB' },
      // Accidents in pixels leave many pictures whole; a decoder that refused all of them would pass otherwise.
      { what: 'pictures decoded all the same', worst: decoded, atLeast: Math.floor(count / 50) },
    ] satisfies Measure[],
  };
}

async function endOf(pool: DecodePool, bytes: Buffer): Promise<string> {
  try {
    await pool.analyse({ bytes });
    return 'decoded';
  } catch (error) {
    return DomainError.is(error, 'UNDECODABLE_IMAGE') ? 'refused' : String(error);
  }
}

async function atTheApis(
  faulty: FaultyStack,
  wholes: readonly WholePicture[],
  found: Found,
  context: DrillContext,
): Promise<{ count: number; measures: Measure[] }> {
  const pids = () => APPS.map(({ name }) => faulty.part(name).pid);
  const before = pids();
  const ways = await waysIn(faulty, wholes, context);
  const each = context.count(PER_DIALECT);
  const silent: string[] = [];
  for (const { name, make, send } of ways) {
    const statuses = new Map<number, number>();
    await forEach(Array.from({ length: each }), LANES, async () => {
      const picture = make();
      const answer = await send(picture).catch((error: unknown) => String(error));
      if (typeof answer === 'string') silent.push(`${name}: ${answer}`);
      else {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status >= 500) found.failures.push(`${name}, ${picture.name}: ${answer.bytes.toString('utf8').slice(0, 200)}`); // prettier-ignore
      }
    });
    context.log(`${name}: ${[...statuses].map(([status, times]) => `${times} x ${status}`).join(', ')}`);
  }
  const rows = await mutatedRows(faulty, wholes, context, each);
  const unsettled = await settled(faulty, { undecodable: true });
  const now = pids();
  return {
    count: each * ways.length + rows.count,
    measures: [
      none('requests without an answer', silent),
      none('uploads without a row for each picture', rows.wrong),
      none('jobs, contents and images without an end', unsettled),
      none(
        'apps that restarted',
        APPS.filter((_, i) => now[i] !== before[i]),
      ),
    ],
  };
}

async function waysIn(
  { stack, authorization }: FaultyStack,
  wholes: readonly WholePicture[],
  context: DrillContext,
): Promise<WayIn[]> {
  const random = context.random('apis');
  const picture = () => mutatedPicture(random, wholes);
  const vision = new VisionClient(stack.url, stack.ownerKey);
  const { visionProject, publishedName } = await new VisionWorkspace(vision, 'mutated').things();
  const classify = `/customvision/v3.1/prediction/${visionProject}/classify/iterations/${encodeURIComponent(publishedName)}`;
  const training = `/customvision/v3.4-preview/training/projects/${visionProject}/images`;
  const post = (path: string, options: SendOptions) =>
    send('POST', `${stack.url}${path}`, { ...options, headers: { ...authorization, ...options.headers } });
  const basic = { authorization: `Basic ${Buffer.from(stack.ownerKey.replace('.', ':')).toString('base64')}` };
  const json = { 'content-type': 'application/json' };
  return [
    {
      name: 'Tagged Image Manager, one shot',
      make: picture,
      send: ({ bytes }) =>
        post('/v1/upload', { headers: json, body: JSON.stringify({ image_data: bytes.toString('base64') }) }),
    },
    {
      name: 'Tagged Image Manager, presigned',
      make: picture,
      send: async ({ bytes }) => {
        const { upload_url } = announced.parse(
          JSON.parse((await post('/v1/images', { headers: json, body: '{}' })).bytes.toString('utf8')),
        );
        return send('PUT', new URL(upload_url, stack.url).href, { body: bytes });
      },
    },
    {
      name: 'Custom Vision, training',
      make: picture,
      send: ({ bytes }) => vision.send('POST', training, bytesBody(bytes)),
    },
    {
      name: 'Custom Vision, prediction',
      make: picture,
      send: ({ bytes }) => vision.send('POST', `${classify}/image/nostore`, bytesBody(bytes)),
    },
    {
      name: 'DSIO filters',
      make: () => ({ name: 'radiograph', bytes: mutated(random, radiograph(random)) }),
      send: ({ bytes }) => {
        const { headers, body } = form([infoPart(), mediaPart(bytes)]);
        return send('POST', `${stack.url}${FILTERS}/images`, { headers: { ...headers, ...basic }, body });
      },
    },
  ];
}

const announced = z.object({ upload_url: z.string() });
