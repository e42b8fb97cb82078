import { z } from 'zod';
import { forEach } from './for-each.js';
import { jsonBody, TRAINING } from './vision-client.js';
import type { LoadedProject, VisionLoad } from './vision-load.js';

const PAGE = 256;

const listed = z.object({
  id: z.string(),
  originalImageUri: z.string(),
  tags: z.array(z.object({ tagId: z.string() })).nullish(),
});
const iteration = z.object({ id: z.string(), status: z.string(), trainingErrorDetails: z.string().nullable() });
const predictions = z.object({
  token: z.object({ continuation: z.string().nullable() }),
  results: z.array(z.object({ id: z.string() })),
});

export interface VisionAudit {
  /** Acknowledged and not listed, or without a tag that was acknowledged. */
  readonly lost: string[];
  /** Other bytes than were sent. */
  readonly corrupt: string[];
  /** Images of the same bytes in one project, or of bytes that nobody sent. */
  readonly twice: string[];
  /** Deletions that were acknowledged. */
  readonly undead: string[];
  readonly miscounted: string[];
}

/** Compares what the projects show with what the clients were told. */
export async function auditVision(load: VisionLoad): Promise<VisionAudit> {
  const found: VisionAudit = { lost: [], corrupt: [], twice: [], undead: [], miscounted: [] };
  for (const project of load.projects) await auditProject(load, project, found);
  return found;
}

async function auditProject(load: VisionLoad, project: LoadedProject, found: VisionAudit): Promise<void> {
  const path = `${TRAINING}/projects/${project.id}`;
  const images = new Map<string, z.output<typeof listed>>();
  for (let end = false; !end;) {
    const query = `take=${PAGE}&skip=${images.size}&orderBy=Oldest`;
    const page = z.array(listed).parse(await load.json('GET', `${path}/images?${query}`));
    for (const image of page) {
      if (images.has(image.id)) found.twice.push(`${image.id} is listed twice`);
      images.set(image.id, image);
    }
    end = page.length < PAGE;
  }
  const count = z.int().parse(await load.json('GET', `${path}/images/count`));
  if (count !== images.size) found.miscounted.push(`${project.id}: ${images.size} listed, ${count} counted`);
  for (const [id, { tags, deletion, sha256 }] of project.images) {
    const image = images.get(id);
    if (deletion === 'done' && image) found.undead.push(`${id} of ${project.id}`);
    if (deletion !== undefined) continue;
    const carried = new Set(image?.tags?.map(({ tagId }) => tagId));
    const missing = [...tags].filter((tag) => !carried.has(tag));
    if (!image) found.lost.push(`image ${id} of ${project.id}, ${sha256}`);
    else if (missing.length > 0) found.lost.push(`tags ${missing.join()} of image ${id} of ${project.id}`);
  }
  const byHash = new Map<string, string>();
  await forEach([...images.values()], 8, async ({ id, originalImageUri }) => {
    const hash = await load.bytesOf(originalImageUri).catch((error: unknown) => (error as Error).message);
    const other = byHash.get(hash);
    byHash.set(hash, id);
    const kept = project.images.get(id);
    if (kept ? kept.sha256 !== hash : !project.sent.has(hash)) found.corrupt.push(`image ${id}: ${hash}`);
    else if (other !== undefined) found.twice.push(`images ${id} and ${other} of ${project.id}: ${hash}`);
  });
  await auditPredictions(load, project, found);
}

async function auditPredictions(load: VisionLoad, project: LoadedProject, found: VisionAudit): Promise<void> {
  const seen = new Set<string>();
  let continuation: string | null = null;
  do {
    const query = jsonBody({ maxCount: PAGE, orderBy: 'Oldest', continuation });
    const path = `${TRAINING}/projects/${project.id}/predictions/query`;
    const { token, results } = predictions.parse(await load.json('POST', path, query));
    for (const { id } of results) seen.add(id);
    continuation = results.length === 0 ? null : token.continuation;
  } while (continuation !== null);
  for (const id of project.predictions) if (!seen.has(id)) found.lost.push(`prediction ${id} of ${project.id}`);
}

/** Trainings that were acknowledged, as they are now; those that are not there at all are `Gone`. */
export async function trainingsOf(load: VisionLoad) {
  const all = await Promise.all(
    load.projects.map(async ({ id, trainings }) => {
      const path = `${TRAINING}/projects/${id}/iterations`;
      const known = new Map(
        z
          .array(iteration)
          .parse(await load.json('GET', path))
          .map((each) => [each.id, each]),
      );
      const asked = [...trainings].map((each) => known.get(each) ?? { id: each, status: 'Gone', trainingErrorDetails: null }); // prettier-ignore
      // Also of requests whose answer was lost.
      return [...asked, ...[...known.values()].filter((each) => !trainings.has(each.id))];
    }),
  );
  return all.flat();
}
