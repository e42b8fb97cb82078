/** Limits of uploads that the operator sets and that dialects enforce. */
export class UploadLimits {
  /** @param maxDatasetBytes bytes of a file that becomes a dataset */
  constructor(readonly maxDatasetBytes: number) {}
}
