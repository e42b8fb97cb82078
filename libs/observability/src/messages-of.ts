/** Causes of causes that are named. A chain of causes could be a circle. */
const MAX_CAUSES = 5;

/** Returns the messages of an error and of its causes, for log lines that need no stack. */
export function messagesOf(error: Error): string {
  const messages: string[] = [];
  let next: unknown = error;
  while (next instanceof Error && messages.length <= MAX_CAUSES) {
    messages.push(next.message);
    next = next.cause;
  }
  return messages.join(': ');
}
