/** What the search for a server's binary may use, and whom it tells. */
export interface BinarySearch {
  readonly env: NodeJS.ProcessEnv;
  /** Where downloaded binaries are kept, the preferred place first. */
  readonly keptIn: readonly string[];
  /** For the output of pip. */
  readonly logDirectory: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with a few words while something takes long. */
  readonly onProgress?: ((text: string) => void) | undefined;
}
