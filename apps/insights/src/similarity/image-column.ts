/** An image of a column, once for each of its contents. */
export interface ColumnImage {
  readonly imageId: string;
  readonly sha256: string;
  readonly rowCount: number;
}

/** The images of an image column of a project, as they are at one revision. */
export class ImageColumn {
  /** Positions of the images of each content. */
  readonly positions = new Map<string, number[]>();
  /** Images that have not been analysed yet. */
  readonly pending: number;
  private readonly byId = new Map<string, ColumnImage>();

  /**
   * @param perceptualHashes of contents; an image without one has not been analysed yet
   * @param undecoded images that are not listed, because they have not been decoded yet
   */
  constructor(
    /** The workspace, the project and the column, for caches. */
    readonly key: string,
    readonly images: readonly ColumnImage[],
    readonly perceptualHashes: ReadonlyMap<string, string>,
    undecoded: number,
  ) {
    for (const [position, image] of images.entries()) {
      this.byId.set(image.imageId, image);
      const positions = this.positions.get(image.sha256);
      if (positions) positions.push(position);
      else this.positions.set(image.sha256, [position]);
    }
    this.pending = undecoded + images.filter(({ sha256 }) => !perceptualHashes.has(sha256)).length;
  }

  find(imageId: string): ColumnImage | undefined {
    return this.byId.get(imageId);
  }

  /** Whether the other one has the same images in the same order, and as much is known of them. */
  equals(other: ImageColumn): boolean {
    return (
      this.pending === other.pending &&
      this.images.length === other.images.length &&
      this.perceptualHashes.size === other.perceptualHashes.size &&
      this.images.every(({ imageId, sha256, rowCount }, position) => {
        const image = other.images[position];
        return image?.imageId === imageId && image.sha256 === sha256 && image.rowCount === rowCount;
      })
    );
  }
}
