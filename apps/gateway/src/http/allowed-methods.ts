interface Pattern {
  readonly segments: readonly string[];
  readonly methods: Set<string>;
}

/** The routes of the gateway, to tell a path that does not exist from one that exists with other methods. */
export class AllowedMethods {
  private readonly patterns = new Map<string, Pattern>();

  /** @param url as Fastify writes it: `/v1/images/:id`, `/files/*` */
  add(url: string, methods: string | readonly string[]): void {
    // A route for every path says nothing about any.
    if (url === '*' || url === '/*') return;
    const segments = segmentsOf(url);
    const key = segments.join('/');
    const pattern = this.patterns.get(key) ?? { segments, methods: new Set<string>() };
    for (const method of [methods].flat()) pattern.methods.add(method);
    this.patterns.set(key, pattern);
  }

  /** The methods that a path takes, for `Allow`; none when there is no such path. */
  of(path: string): string[] {
    return methodsOf(this.fitting(path));
  }

  /**
   * The methods of routes that fit a path with more fixed segments than the route that matched. None if the route that matched is the
   * best one.
   */
  ofBetter(path: string, matched: string): string[] {
    const matchedFixed = fixedSegments(segmentsOf(matched));
    return methodsOf(this.fitting(path).filter(({ segments }) => fixedSegments(segments) > matchedFixed));
  }

  private fitting(path: string): Pattern[] {
    const segments = segmentsOf(path);
    return [...this.patterns.values()].filter((pattern) => fits(pattern.segments, segments));
  }
}

function methodsOf(patterns: readonly Pattern[]): string[] {
  return [...new Set(patterns.flatMap(({ methods }) => [...methods]))].filter((m) => m !== 'OPTIONS').sort();
}

function fixedSegments(pattern: readonly string[]): number {
  return pattern.filter((part) => part !== '*' && !part.startsWith(':')).length;
}

/** A slash at the end makes no difference to a route. */
function segmentsOf(path: string): string[] {
  return path.replace(/\/$/, '').split('/').slice(1);
}

function fits(pattern: readonly string[], path: readonly string[]): boolean {
  const isPrefix = pattern.at(-1) === '*';
  if (isPrefix ? path.length < pattern.length : path.length !== pattern.length) return false;
  return pattern.every((part, i) => part === '*' || (part.startsWith(':') ? path[i] !== '' : part === path[i]));
}
