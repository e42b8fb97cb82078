/** What a download may use, and where it reports its progress. */
export interface DownloadContext {
  readonly env: NodeJS.ProcessEnv;
  /** For the output of pip. */
  readonly logDirectory: string;
  readonly signal?: AbortSignal | undefined;
  /** Called with a few words while something takes long. */
  readonly onProgress?: ((text: string) => void) | undefined;
}

/** What the search for a server's binary may use, and where it reports its progress. */
export interface BinarySearch extends DownloadContext {
  /** Where downloaded binaries are kept, the preferred place first. */
  readonly keptIn: readonly string[];
}
