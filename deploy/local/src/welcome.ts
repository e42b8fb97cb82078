import path from 'node:path';
import type { Secrets } from './data-directory.js';

/** A picture that comes with the repository; the commands are pasted there. */
const PHOTO = 'docs/example/pentaprism.jpg';

export interface WelcomeFacts {
  readonly url: string;
  readonly secrets: Secrets;
  readonly taggedImagesNeedKey: boolean;
  readonly logs: string;
  /** See `RunningStack`. */
  readonly degraded: readonly string[];
  /** Paths below it are printed relative to it. */
  readonly workingDirectory: string;
}

/** What is printed when everything is ready: the address, the key, and three commands that work when pasted. */
export function welcome(facts: WelcomeFacts): string {
  const { url, secrets } = facts;
  const shown = (file: string): string => shortPath(file, facts.workingDirectory);
  const keyFile = shown(secrets.ownerKeyFile);
  const key = secrets.ownerKeyFrom === 'environment' ? '$PENTAPRISM_OWNER_KEY' : `$(cat ${shellQuote(keyFile)})`;
  const authorization = ` -H "Authorization: Bearer ${key}"`;
  const forTaggedImages = facts.taggedImagesNeedKey ? authorization : '';
  return [
    `Pentaprism listens on ${url}`,
    ownerKeyLine(secrets, keyFile),
    `APIs to browse: ${url}/docs`,
    `TensorBoard: ${url}/tensorboard/`,
    `logs: ${shown(facts.logs)}`,
    ...degradedLines(facts.degraded),
    '',
    'Try it:',
    // The photo goes through a pipe: an argument may not be longer than 128 kB on Linux, and most photos are.
    `  printf '{"filename":"photo.jpg","tags":["demo"],"image_data":"%s"}' "$(base64 < ${PHOTO} | tr -d '\\n')" |` +
      ` curl -s ${url}/v1/upload -H 'Content-Type: application/json'${forTaggedImages} -d @-`,
    `  curl -s '${url}/v1/images?limit=5'${forTaggedImages}`,
    `  curl -s ${url}/api/v2/projects/${authorization}`,
    '',
    'Ctrl-C stops everything.',
  ].join('\n');
}

function degradedLines(degraded: readonly string[]): string[] {
  if (degraded.length === 0) return [];
  return [
    '',
    'degraded: uploads and other writes are refused with 507 for lack of space; reads and deletions work. Free some space.',
    ...degraded.map((reason) => `  ${reason}`),
  ];
}

function ownerKeyLine(secrets: Secrets, file: string): string {
  const lines = {
    generated: `owner key: ${secrets.ownerKey} (shown this once; kept in ${file})`,
    file: `owner key: in ${file}`,
    environment: 'owner key: from PENTAPRISM_OWNER_KEY',
  };
  return lines[secrets.ownerKeyFrom];
}

function shortPath(file: string, workingDirectory: string): string {
  const relative = path.relative(workingDirectory, file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? file : relative;
}

function shellQuote(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
