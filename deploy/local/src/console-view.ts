import type { Observer, StepState } from './instance.js';

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
}

interface Line {
  state: StepState;
  detail: string;
}

const NAME_WIDTH = 16;
const STATE_WIDTH = 11;
/** Erases from the cursor to the end of the screen. */
const ERASE_BELOW = '\u001b[J';
const cursorUp = (lines: number): string => (lines > 0 ? `\u001b[${lines}A\r` : '\r');

/**
 * What the user sees: one line per part. On a terminal the lines are a block that is repainted in place, with
 * messages above it; elsewhere, and while logs are shown, a line is written when a part reaches a state that matters.
 */
export class ConsoleView implements Observer {
  private readonly lines = new Map<string, Line>();
  private painted = 0;
  private live: boolean;

  constructor(
    private readonly output: Output,
    options: { readonly plain?: boolean } = {},
  ) {
    this.live = output.isTTY === true && options.plain !== true;
  }

  part(name: string, state: StepState, detail: string): void {
    const before = this.lines.get(name);
    this.lines.set(name, { state, detail });
    if (this.live && this.lines.size < (this.output.rows ?? 24)) this.repaint();
    else if (isWorthALine(before, { state, detail })) this.output.write(`${format(name, state, detail)}\n`);
  }

  note(text: string): void {
    this.erase();
    this.output.write(`${text}\n`);
    if (this.live) this.repaint();
  }

  /** Leaves the block as it is; what happens to parts from now on is written as plain lines. */
  freeze(): void {
    this.live = false;
    this.painted = 0;
  }

  private repaint(): void {
    const width = (this.output.columns ?? 80) - 1;
    const rows = [...this.lines].map(([name, { state, detail }]) => format(name, state, detail).slice(0, width));
    this.output.write(`${cursorUp(this.painted)}${ERASE_BELOW}${rows.join('\n')}\n`);
    this.painted = rows.length;
  }

  private erase(): void {
    if (this.live && this.painted > 0) this.output.write(`${cursorUp(this.painted)}${ERASE_BELOW}`);
    this.painted = 0;
  }
}

export function format(name: string, state: StepState, detail: string): string {
  return `  ${name.padEnd(NAME_WIDTH)} ${state.padEnd(STATE_WIDTH)} ${detail}`.trimEnd();
}

/** In plain output each step of a download has a line, and a part when it runs, fails, or is gone. */
function isWorthALine(before: Line | undefined, now: Line): boolean {
  const step = (line: Line | undefined): string | undefined => line?.detail.split(' ')[0];
  if (now.state === 'fetching') return before?.state !== 'fetching' || step(before) !== step(now);
  return now.state !== before?.state && ['running', 'restarting', 'failed', 'stopped'].includes(now.state);
}
