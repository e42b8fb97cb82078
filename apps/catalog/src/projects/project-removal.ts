/** Removes what deleted projects leave behind. */
export interface ProjectRemoval {
  /** Starts a removal without making the caller wait. */
  soon(): void;
}

/** Nest's token for the `ProjectRemoval`. */
export const PROJECT_REMOVAL = Symbol('ProjectRemoval');
