import type { TagDetails, TagGroups } from '@pentaprism/contracts';
import {
  DomainError,
  foldName,
  MAX_TAG_GROUPS,
  MAX_TAGS_PER_SEARCH,
  MAX_WILDCARD_PATTERNS,
  sortByTagName,
  TagPattern,
} from '@pentaprism/domain';

/** The tags of a project at one moment, in alphabetical order, ready to be searched. */
export class TagTable {
  private readonly tags: readonly TagDetails[];
  private readonly folded: readonly string[];
  private readonly byName: ReadonlyMap<string, TagDetails>;
  private readonly byFolded: ReadonlyMap<string, readonly string[]>;

  constructor(tags: readonly TagDetails[]) {
    this.tags = sortByTagName(tags);
    this.folded = this.tags.map(({ name }) => foldName(name));
    this.byName = new Map(tags.map((tag) => [tag.name, tag]));
    const byFolded = new Map<string, string[]>();
    for (const [i, { id }] of this.tags.entries()) {
      const folded = this.folded[i] as string;
      const ids = byFolded.get(folded);
      if (ids) ids.push(id);
      else byFolded.set(folded, [id]);
    }
    this.byFolded = byFolded;
  }

  get size(): number {
    return this.tags.length;
  }

  /** Of all descriptions together. */
  get describedCharacters(): number {
    return this.tags.reduce((sum, { description }) => sum + description.length, 0);
  }

  page(offset: number, limit: number): TagDetails[] {
    return this.tags.slice(offset, offset + limit);
  }

  /**
   * The groups of tags that exact names and patterns stand for; conditions that mean the same are one.
   * @throws DomainError INVALID_ARGUMENT for more conditions, wildcards or tags than one search may have
   */
  resolve(names: readonly string[], patterns: readonly string[]): TagGroups {
    const exact = [...new Set(names)];
    const compiled = new Map(patterns.map((text) => new TagPattern(text)).map((pattern) => [pattern.text, pattern]));
    if (exact.length + compiled.size > MAX_TAG_GROUPS)
      throw tooMany(`A search has at most ${MAX_TAG_GROUPS} conditions on tags.`);
    const wildcards = [...compiled.values()].filter((pattern) => !pattern.isLiteral && !pattern.fitsAll);
    if (wildcards.length > MAX_WILDCARD_PATTERNS)
      throw tooMany(`A search has at most ${MAX_WILDCARD_PATTERNS} patterns with %.`);
    const groups = [
      ...exact.map((name) => [this.byName.get(name)?.id ?? []].flat()),
      ...[...compiled.values()].map((pattern) => this.fitting(pattern)),
    ];
    const size = groups.reduce((sum, group) => sum + (group === 'any' ? 0 : group.length), 0);
    if (size > MAX_TAGS_PER_SEARCH)
      throw tooMany(`These patterns fit ${size} tags; all of a search fit at most ${MAX_TAGS_PER_SEARCH}.`);
    return groups;
  }

  private fitting(pattern: TagPattern): string[] | 'any' {
    // Not for every pattern that happens to fit all tags: one that does not may be made before the images are looked up.
    if (pattern.fitsAll) return 'any';
    if (pattern.isLiteral) return [...(this.byFolded.get(pattern.text) ?? [])];
    return this.tags.filter((_, i) => pattern.fits(this.folded[i] as string)).map(({ id }) => id);
  }
}

function tooMany(message: string): DomainError {
  return new DomainError('INVALID_ARGUMENT', message, { field: 'tags' });
}
