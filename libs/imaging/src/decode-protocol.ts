/** What the pool and its processes say to each other, over Node's IPC channel with structured cloning. */
import type { ErrorCode, ErrorDetails, LookupTable } from '@pentaprism/domain';
import type { ImageAnalysis } from './analyse-image.js';
import type { AugmentedImage, AugmentOptions } from './augment-image.js';
import type { AugmentedInputOptions } from './augmented-inputs.js';
import type { ModelInput, ModelInputOptions } from './model-input.js';
import type { Overlay, OverlayMap } from './render-overlay.js';
import type { RenderedRadiograph } from './render-radiograph.js';

/** Encoded bytes, or where a file with them is: a path saves copying them between processes. */
export type ImageSource = { readonly path: string } | { readonly bytes: Uint8Array };

/** Each task with its arguments and its result. */
export interface DecodeTasks {
  analyse: { options: undefined; result: ImageAnalysis };
  augment: { options: AugmentOptions; result: AugmentedImage[] };
  augmentedInputs: { options: AugmentedInputOptions; result: Uint8Array[] };
  modelInput: { options: ModelInputOptions; result: ModelInput };
  overlay: { options: OverlayMap; result: Overlay };
  render: { options: LookupTable | null; result: RenderedRadiograph };
}

export type DecodeRequest = {
  [T in keyof DecodeTasks]: {
    readonly task: T;
    readonly source: ImageSource;
    readonly options: DecodeTasks[T]['options'];
  };
}[keyof DecodeTasks];

/** Errors lose their class on the way, so they travel as fields. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  /** For the log. */
  readonly cause?: string | undefined;
}

export type DecodeReply =
  /** It has the task: from here on, its end is the task's fault or nobody's, and the task is not tried again here. */
  | { readonly kind: 'started' }
  | {
      readonly kind: 'result';
      readonly result: DecodeTasks[keyof DecodeTasks]['result'];
      readonly residentBytes: number;
    }
  | { readonly kind: 'error'; readonly error: WireError; readonly residentBytes: number }
  /** The last word of a process that is about to end itself. */
  | { readonly kind: 'out_of_memory' };
