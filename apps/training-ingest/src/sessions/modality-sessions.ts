import type { ModalityReference, RadiographInfo } from '@pentaprism/contracts';

/**
 * The sessions of modalities that radiographs are copied from, wherever they are kept.
 *
 * NOT_FOUND: there is no such session or image. UPSTREAM_FAILED: the modality is down, refuses us, or answers nonsense.
 * DEADLINE_EXCEEDED: it is too slow. One that is down has not ended its sessions: only its own word counts.
 */
export interface ModalitySessions {
  /** Whether the session is still there. Errors: UPSTREAM_FAILED, DEADLINE_EXCEEDED. */
  isActive(workspace: string, sessionId: string): Promise<boolean>;

  /** Whether both the session and the image in it are still there. Errors: UPSTREAM_FAILED, DEADLINE_EXCEEDED. */
  hasImage(workspace: string, image: ModalityReference): Promise<boolean>;

  /** What the modality says of an image. Errors: NOT_FOUND, UPSTREAM_FAILED, DEADLINE_EXCEEDED. */
  find(workspace: string, image: ModalityReference): Promise<RadiographInfo>;

  /**
   * The bytes of an image, at most `MAX_RADIOGRAPH_BYTES`. Nothing is asked before the first of them is, so one that is
   * never read holds no connection. Errors, while it is read: NOT_FOUND, UPSTREAM_FAILED, DEADLINE_EXCEEDED.
   */
  open(workspace: string, image: ModalityReference): AsyncIterable<Uint8Array>;
}

/** Nest's token for the `ModalitySessions`. */
export const MODALITY_SESSIONS = Symbol('ModalitySessions');
