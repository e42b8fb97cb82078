export interface DsioSettings {
  /** Base of the DSIO Modality API, such as `https://host:43809/api/dsio/modality/v1`, without a slash at its end. */
  readonly url: string;
  /** For Basic authentication; without a user there is none. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Milliseconds for the headers of an answer, for a whole body of JSON, and of silence in a transfer of media. */
  readonly timeoutMs: number;
  /** Milliseconds for a whole transfer of media. */
  readonly mediaLimitMs?: number;
}
