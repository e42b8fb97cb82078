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
    const segments = segmentsOf(path);
    const fitting = [...this.patterns.values()].filter((pattern) => fits(pattern.segments, segments));
    return [...new Set(fitting.flatMap((pattern) => [...pattern.methods]))].filter((m) => m !== 'OPTIONS').sort();
  }
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
