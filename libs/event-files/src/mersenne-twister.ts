/** Constants of MT19937 (Matsumoto and Nishimura, 1998). */
const [STATE_WORDS, MIDDLE_WORD] = [624, 397] as const;
const [UPPER_BIT, LOWER_BITS, TWIST] = [0x80000000, 0x7fffffff, 0x9908b0df] as const;

/** Returns the state that `init_by_array([0])` makes, which is Python's `random.Random(0)`. */
export function seededWithZero(): Uint32Array {
  const state = new Uint32Array(STATE_WORDS);
  state[0] = 19650218;
  for (let i = 1; i < STATE_WORDS; i++) state[i] = Math.imul(1812433253, mixed(state, i - 1)) + i;
  let i = 1;
  const advance = (multiplier: number, added: (index: number) => number): void => {
    state[i] = (word(state, i) ^ Math.imul(mixed(state, i - 1), multiplier)) + added(i);
    if (++i < STATE_WORDS) return;
    state[0] = word(state, STATE_WORDS - 1);
    i = 1;
  };
  for (let k = 0; k < STATE_WORDS; k++) advance(1664525, () => 0);
  for (let k = 1; k < STATE_WORDS; k++) advance(1566083941, (index) => -index);
  state[0] = UPPER_BIT;
  return state;
}

/** Moves a state on, and writes its 624 outputs to `outputs`. */
export function nextOutputs(state: Uint32Array, outputs: Uint32Array): void {
  for (let i = 0; i < STATE_WORDS; i++) {
    const joined = (word(state, i) & UPPER_BIT) | (word(state, (i + 1) % STATE_WORDS) & LOWER_BITS);
    const twisted = (joined >>> 1) ^ (joined & 1 ? TWIST : 0);
    state[i] = word(state, (i + MIDDLE_WORD) % STATE_WORDS) ^ twisted;
  }
  for (let i = 0; i < STATE_WORDS; i++) outputs[i] = tempered(word(state, i));
}

function tempered(value: number): number {
  value ^= value >>> 11;
  value ^= (value << 7) & 0x9d2c5680;
  value ^= (value << 15) & 0xefc60000;
  return value ^ (value >>> 18);
}

function mixed(state: Uint32Array, i: number): number {
  return word(state, i) ^ (word(state, i) >>> 30);
}

function word(state: Uint32Array, i: number): number {
  return state[i] ?? 0;
}

/** Steps of the generator between two states that are kept, each of 2.5 kB. */
const STEPS_PER_BLOCK = 64;
const BLOCK_OUTPUTS = STEPS_PER_BLOCK * STATE_WORDS;

/** How many blocks of 160 kB are kept. Readers of other positions have theirs computed again, in 2 ms. */
const BLOCKS_KEPT = 32;

/**
 * The outputs of one generator that any number of readers share: each reader is an index. The memory does not grow with the
 * index, but for one state per 39,936 outputs.
 */
export class SharedOutputs {
  /** The state before each block. */
  readonly #states: Uint32Array[] = [seededWithZero()];
  readonly #blocks = new Map<number, Uint32Array>();

  /** Returns the output of 32 bits at an index, from 0. */
  at(index: number): number {
    const number = Math.floor(index / BLOCK_OUTPUTS);
    const block = this.#blocks.get(number) ?? this.#compute(number);
    return block[index % BLOCK_OUTPUTS] ?? 0;
  }

  #compute(number: number): Uint32Array {
    for (let known = this.#states.length - 1; known < number; known++) this.#fill(known);
    const block = this.#fill(number);
    this.#blocks.set(number, block);
    if (this.#blocks.size > BLOCKS_KEPT) this.#blocks.delete(this.#blocks.keys().next().value ?? number);
    return block;
  }

  #fill(number: number): Uint32Array {
    const state = Uint32Array.from(this.#states[number] ?? []);
    const block = new Uint32Array(BLOCK_OUTPUTS);
    for (let step = 0; step < STEPS_PER_BLOCK; step++) {
      nextOutputs(state, block.subarray(step * STATE_WORDS, (step + 1) * STATE_WORDS));
    }
    this.#states[number + 1] = state;
    return block;
  }
}
