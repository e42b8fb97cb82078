import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { tagContracts, type TagReference } from '@pentaprism/contracts';
import { currentContext } from '@pentaprism/observability';
import { LRUCache } from 'lru-cache';

/** Milliseconds that a tag is remembered: far less than the catalog remembers what became of it. */
export const KEPT_MS = 60_000;
const KEPT_TAGS = 10_000;

/**
 * Tags by name, looked up or made by tagging and remembered for a while: uploads name the same few tags again and again.
 * A remembered tag may have been renamed or deleted since. The catalog checks that in the transaction that gives it to an
 * image. If the catalog refuses it, the caller looks the tags up again.
 */
@Injectable()
export class KnownTags {
  private readonly kept = new LRUCache<string, TagReference>({ max: KEPT_TAGS, ttl: KEPT_MS });

  constructor(private readonly bus: Bus) {}

  /** In the order of the names, which are checked and different from one another. */
  async ensure(
    project: { projectId?: string },
    names: readonly string[],
    { fresh = false } = {},
  ): Promise<TagReference[]> {
    const workspace = currentContext()?.workspace ?? '';
    const keyOf = (name: string) => JSON.stringify([workspace, project.projectId, name]);
    const known = names.flatMap((name) => this.kept.get(keyOf(name)) ?? []);
    if (!fresh && known.length === names.length) return known;
    const { tags } = await this.bus.call(tagContracts.ensure, { ...project, names: [...names] });
    for (const tag of tags) this.kept.set(keyOf(tag.name), tag);
    return tags;
  }
}
