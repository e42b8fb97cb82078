import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ConsoleView } from './console-view.js';
import { errorMessage, LauncherError } from './launcher-error.js';
import { followLog } from './log-file.js';
import { readSettings, type Settings } from './settings.js';
import { startStack, type RunningStack } from './start-stack.js';
import { fetchWebFiles } from './web-files.js';
import { welcome } from './welcome.js';

/** npm passes the terminal's Ctrl-C on, so that one press arrives twice: what comes this soon is no second press. */
const SAME_PRESS_MS = 750;

type Stop = 'first' | 'second';

/**
 * `npm start`: starts the stack, shows it, and stops it on SIGINT, SIGTERM or SIGHUP.
 * @param args arguments behind the command
 * @returns exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  // A terminal that was closed must not end the launcher before it has stopped its children.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    const settings = readSettings(args, process.env);
    if (settings.help) {
      process.stdout.write(readFileSync(path.join(import.meta.dirname, '../usage.txt')));
      return 0;
    }
    return await run(settings);
  } catch (error) {
    if (!LauncherError.is(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

async function run(settings: Settings): Promise<number> {
  const view = new ConsoleView(process.stdout, { plain: settings.verbose });
  const abort = new AbortController();
  let kill = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    onStopSignal((press) => {
      if (press === 'second') {
        kill();
        process.exit(130);
      }
      view.note('Stopping ... (Ctrl-C once more ends everything at once)');
      abort.abort();
      resolve();
    });
  });
  const followers = new Map<string, () => void>();
  const observer = settings.verbose ? followingLogs(view, () => logs, followers) : view;
  let logs = '';
  let stack: RunningStack;
  try {
    stack = await startStack({
      ...settings,
      observer,
      signal: abort.signal,
      onInstance: (instance) => {
        ({ logs } = instance);
        kill = () => instance.kill();
      },
    });
  } catch (error) {
    followers.forEach((stop) => stop());
    if (abort.signal.aborted) return 0;
    throw error;
  }
  view.freeze();
  const facts = { ...stack, taggedImagesNeedKey: settings.taggedImagesNeedKey, workingDirectory: process.cwd() };
  view.note(`\n${welcome(facts)}\n`);
  const fetching = fetchFrontend(stack, view, abort.signal);
  await stopped;
  await Promise.all([stack.stop(), fetching]);
  followers.forEach((stop) => stop());
  view.note('Stopped.');
  return 0;
}

/** Fetches TensorBoard's frontend if there is none. The gateway serves it as soon as it is there. */
async function fetchFrontend(
  { url, webFiles, logs }: Pick<RunningStack, 'url' | 'webFiles' | 'logs'>,
  view: ConsoleView,
  signal: AbortSignal,
): Promise<void> {
  if (webFiles === undefined || existsSync(webFiles)) return;
  view.note("Fetching TensorBoard's frontend (5.5 MB, once) ...");
  try {
    await fetchWebFiles(webFiles, { env: process.env, logDirectory: logs, signal });
    view.note(`Fetched TensorBoard's frontend: ${url}/tensorboard/`);
  } catch (error) {
    if (!signal.aborted) view.note(errorMessage(error));
  }
}

function onStopSignal(onPress: (press: Stop) => void): void {
  let firstAt: number | undefined;
  const handle = (): void => {
    if (firstAt === undefined) {
      firstAt = Date.now();
      onPress('first');
    } else if (Date.now() - firstAt > SAME_PRESS_MS) {
      onPress('second');
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, handle);
}

/** Shows the log of each part from its first start on, every line with the part's name. */
function followingLogs(
  view: ConsoleView,
  directory: () => string,
  followers: Map<string, () => void>,
): Pick<ConsoleView, 'part' | 'note'> {
  return {
    part: (name, state, detail) => {
      if (state === 'starting' && !followers.has(name)) {
        const file = path.join(directory(), `${name}.log`);
        followers.set(
          name,
          followLog(file, (line) => process.stdout.write(`${name} | ${line}\n`)),
        );
      }
      view.part(name, state, detail);
    },
    note: (text) => view.note(text),
  };
}

if (process.argv[1] === import.meta.filename) {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`The launcher failed, which is a defect: ${errorMessage(error)}\n`);
      process.exit(1);
    },
  );
}
