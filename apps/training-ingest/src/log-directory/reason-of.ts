/** Returns the code of an error of the system or of the domain, or the error as text. Codes stay the same while it lasts. */
export function reasonOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : String(error);
}
