import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { forEach } from './system.mjs';
import { megabytes, percent } from './table.mjs';

const SETTLE_MS = 5000;
const IDLE_GOAL = 1.3e9;
export const GATEWAY_GOAL = 400e6;
const CLIENTS = 16;
const ROUNDS = 3;
const FILE_BYTES = 20_000_000;
const PIECE_BYTES = 64 * 1024;
const SAMPLE_MS = 50;

/** The whole stack at rest after its start, and the gateway while large files come in. */
export async function memory(system) {
  if (process.platform !== 'linux') return [{ name: 'memory', figure: 'needs /proc, so Linux' }];
  await sleep(SETTLE_MS);
  const processes = system.processes();
  const sum = (field) => processes.reduce((total, pid) => total + memoryOf(pid, field), 0);
  const [rss, pss] = [sum('Rss'), sum('Pss')];
  const peak = await gatewayPeak(system);
  return [
    {
      name: `memory of the idle stack, ${processes.length} processes, RSS`,
      figure: megabytes(rss),
      comparedWith: `goal: below ${megabytes(IDLE_GOAL)}`,
      ratio: percent(rss, IDLE_GOAL),
    },
    {
      name: 'the same, PSS (shared pages counted once)',
      figure: megabytes(pss),
      comparedWith: `goal: below ${megabytes(IDLE_GOAL)}`,
      ratio: percent(pss, IDLE_GOAL),
    },
    {
      name: `gateway's peak RSS, ${CLIENTS} clients PUT ${megabytes(FILE_BYTES)} each at once, ${ROUNDS} rounds`,
      figure: megabytes(peak),
      comparedWith: `goal: below ${megabytes(GATEWAY_GOAL)}`,
      ratio: percent(peak, GATEWAY_GOAL),
    },
  ];
}

async function gatewayPeak(system) {
  const { client } = await system.workspace('bench-memory');
  const piece = randomBytes(PIECE_BYTES);
  return peakMemory(system.stack.parts.get('gateway').pid, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await forEach(Array.from({ length: CLIENTS }), CLIENTS, async () => {
        const { upload_url } = await client.json('POST', '/v1/images', { filename: 'large.bin', size: FILE_BYTES });
        // The first bytes make each file another one; the rest is shared, so that it is the gateway that is measured.
        const pieces = [
          randomBytes(FILE_BYTES % PIECE_BYTES),
          ...Array(Math.floor(FILE_BYTES / PIECE_BYTES)).fill(piece),
        ];
        const { status, text } = await client.send('PUT', upload_url, pieces, 'application/octet-stream');
        if (status !== 200) throw new Error(`a file was answered with ${status} ${text}`);
      });
    }
  });
}

/** @param {number} pid @param {() => Promise<unknown>} work @returns the largest RSS during the work, in bytes */
export async function peakMemory(pid, work) {
  let peak = 0;
  const sampler = setInterval(() => (peak = Math.max(peak, memoryOf(pid, 'Rss'))), SAMPLE_MS);
  try {
    await work();
  } finally {
    clearInterval(sampler);
  }
  return peak;
}

/** Bytes. @param {number} pid @param {'Rss' | 'Pss'} field */
function memoryOf(pid, field) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)[1]) * 1024;
}
