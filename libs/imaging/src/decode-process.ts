/**
 * The program of one decode process: takes one task at a time, answers, and waits for the next. It may be lost at any time.
 *
 * Started by `createDecodePool` with the memory limit in bytes as its argument.
 */
import { readFile, stat } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { DomainError } from '@pentaprism/domain';
import { analyseImage } from './analyse-image.js';
import { augmentImages } from './augment-image.js';
import { explainDamage } from './cut-off.js';
import { createAugmentedInputs } from './augmented-inputs.js';
import type { DecodeReply, DecodeRequest, DecodeTasks, ImageSource, WireError } from './decode-protocol.js';
import { MAX_BYTES } from './limits.js';
import { createModelInput } from './model-input.js';
import { renderOverlay } from './render-overlay.js';
import { renderRadiograph } from './render-radiograph.js';
import { undecodable } from './undecodable.js';

/** Decoders allocate up to about 1 GB a second, so this much is overshot by less than 50 MB. */
const MEMORY_CHECK_MS = 25;

const memoryLimit = Number(process.argv[2]);

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

// The parent decides when work ends. Ctrl-C and a service manager's SIGTERM reach the whole process group, and would
// otherwise fail the tasks that the parent is finishing.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
// Also when the parent was killed. By signal, since `process.exit` waits for threads that decode.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', (request: DecodeRequest) => void answer(request));

async function answer(request: DecodeRequest): Promise<void> {
  send({ kind: 'started' }, () => undefined);
  // Pixels of the picture before would count against this one until they are collected as garbage.
  if (process.memoryUsage.rss() > memoryLimit / 4) collectGarbage();
  // sharp works in threads of libuv, so this one is free to look.
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() <= memoryLimit) return;
    clearInterval(watch);
    send({ kind: 'out_of_memory' }, () => process.kill(process.pid, 'SIGKILL'));
  }, MEMORY_CHECK_MS);
  const reply = await run(request);
  clearInterval(watch);
  send(reply, () => undefined);
}

/** `sent` is also called on failure: then the parent is gone, which 'disconnect' handles. */
function send(reply: DecodeReply, sent: () => void): void {
  process.send?.(reply, undefined, undefined, sent);
}

async function run(request: DecodeRequest): Promise<DecodeReply> {
  try {
    const bytes = await read(request.source);
    const result = await perform(request, bytes).catch(async (error: unknown) => {
      throw await explainDamage(error, bytes);
    });
    return { kind: 'result', result, residentBytes: process.memoryUsage.rss() };
  } catch (error) {
    return { kind: 'error', error: toWire(error), residentBytes: process.memoryUsage.rss() };
  }
}

async function perform(request: DecodeRequest, bytes: Uint8Array): Promise<DecodeTasks[keyof DecodeTasks]['result']> {
  switch (request.task) {
    case 'analyse':
      return analyseImage(bytes);
    case 'augment':
      return augmentImages(bytes, request.options);
    case 'augmentedInputs':
      return createAugmentedInputs(bytes, request.options);
    case 'modelInput':
      return createModelInput(bytes, request.options);
    case 'overlay':
      return renderOverlay(bytes, request.options);
    case 'render':
      return renderRadiograph(bytes, request.options);
  }
}

async function read(source: ImageSource): Promise<Uint8Array> {
  if ('bytes' in source) return source.bytes;
  const { size } = await stat(source.path);
  if (size > MAX_BYTES) throw undecodable('too_large', 'The file is too large to be decoded.');
  return readFile(source.path);
}

function toWire(error: unknown): WireError {
  if (DomainError.is(error)) {
    const cause = error.cause === undefined ? undefined : String(error.cause);
    return { code: error.code, message: error.message, details: error.details, cause };
  }
  return { code: 'INTERNAL', message: 'Decoding failed.', details: {}, cause: String((error as Error).stack ?? error) };
}
