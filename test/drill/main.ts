/**
 * `npm run drill [-- --seed 7 --only 1,6 --scale 0.1]`: breaks systems of its own on purpose, one drill after the other,
 * and prints what was measured against what was promised. Ends with 1 when a threshold was broken.
 */
import { removeAbandonedDirectories } from '@pentaprism/local';
import { parseArgs } from 'node:util';
import { passed, type Drill } from './drill.js';
import { DRILLS } from './drills.js';
import { DrillTimeout, runDrill } from './run-drill.js';
import { formatTable, type Outcome } from './table.js';

const USAGE = 'Use: npm run drill [-- [--seed NUMBER] [--only NUMBER,...] [--scale 0.01 to 12]]';

/** Twelve times the soak's ten minutes are the two hours before a release. */
const MOST_SCALE = 12;

interface Settings {
  readonly seed: number;
  readonly scale: number;
  readonly drills: readonly Drill[];
}

/** @returns undefined for what cannot be understood */
function readSettings(args: readonly string[]): Settings | undefined {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ args: [...args], options: { seed: text, only: text, scale: text } });
    const [seed, scale] = [Number(values.seed ?? 1), Number(values.scale ?? 1)];
    const numbers = values.only?.split(',').map(Number) ?? DRILLS.map(({ number }) => number);
    const drills = DRILLS.filter(({ number }) => numbers.includes(number));
    const known = drills.length === new Set(numbers).size;
    if (!Number.isInteger(seed) || !(scale >= 0.01 && scale <= MOST_SCALE) || !known) return undefined;
    return { seed, scale, drills };
  } catch {
    return undefined;
  }
}

function progress(started: number, text: string): void {
  console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);
}

async function main(): Promise<number> {
  const settings = readSettings(process.argv.slice(2));
  if (!settings) {
    const list = DRILLS.map(({ number, name, goal }) => `  ${number}  ${name}: ${goal}`);
    console.error([USAGE, ...list].join('\n'));
    return 2;
  }
  // `exit` handlers stop the systems of drills; a signal alone would not run them.
  for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
    process.once(signal, () => process.exit(128 + number));
  }
  await removeAbandonedDirectories();
  const outcomes: Outcome[] = [];
  for (const drill of settings.drills) {
    const started = performance.now();
    console.log(`\n${drill.number} ${drill.name}, seed ${settings.seed}: ${drill.goal}`);
    const outcome = await runDrill(drill, { ...settings, log: (text) => progress(started, text) });
    outcomes.push(outcome);
    const { result } = outcome;
    if (result instanceof Error) console.log(result.stack);
    else if (!passed(result)) console.log(result.examples.join('\n'));
    if (result instanceof DrillTimeout) break;
  }
  console.log(`\n${formatTable(outcomes)}`);
  return outcomes.every(({ result }) => !(result instanceof Error) && passed(result)) ? 0 : 1;
}

process.exit(await main());
