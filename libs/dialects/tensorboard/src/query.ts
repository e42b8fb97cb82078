/** Returns a parameter of a parsed query string. The first counts where it is repeated. */
export function first(query: unknown, name: string): string | undefined {
  const value = (query as Readonly<Record<string, string | string[]>>)[name];
  return Array.isArray(value) ? value[0] : value;
}
