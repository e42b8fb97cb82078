import type { FileHandle } from 'node:fs/promises';
import { type FileOperations, NODE_FILES } from './file-operations.js';

/** Called before each system call with its name and path; calls on an open file are named after the file's path. */
export type Hook = (call: string, path: string) => unknown;

const opened: FileHandle[] = [];

/** For tests: the real system calls, with `hook` awaited before each. It may record, throw, wait, or never return. */
export function hooked(hook: Hook): FileOperations {
  const wrap = <T extends object>(target: T, pathOf: (args: unknown[]) => string): T =>
    new Proxy(target, {
      get(object, property) {
        const member: unknown = Reflect.get(object, property);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          const path = pathOf(args);
          await hook(String(property), path);
          const result: unknown = await member.apply(object, args);
          if (property !== 'open') return result;
          opened.push(result as FileHandle);
          return wrap(result as object, () => path);
        };
      },
    });
  return wrap(NODE_FILES, (args) => String(args[0]));
}

/** Closes what calls that never returned have left open, as the end of their process would. */
export async function closeHooked(): Promise<void> {
  for (const handle of opened.splice(0)) await handle.close().catch(() => undefined);
}
