/** An image of a column, once for each of its contents. */
export interface ColumnImage {
  readonly imageId: string;
  readonly sha256: string;
  readonly rowCount: number;
}

/** What images are compared by. */
export interface ImageHashes {
  readonly perceptualHash: string;
  /** The same for images whose decoded pixels are equal. Null: it is not computed for such images. Absent: it is not known yet. */
  readonly pixelDigest?: string | null | undefined;
}

/** The images of an image column of a project, as they are at one revision. */
export class ImageColumn {
  /** Positions of the images of each content. */
  readonly positions = new Map<string, number[]>();
  /** Images that have not been analysed yet. */
  readonly pending: number;
  private readonly byId = new Map<string, ColumnImage>();

  /**
   * @param hashes of contents; an image without them has not been analysed yet. Null: the column has so many images that their
   * hashes are not read
   * @param undecoded images that are not listed, because they have not been decoded yet
   */
  constructor(
    /** The workspace, the project and the column, for caches. */
    readonly key: string,
    readonly images: readonly ColumnImage[],
    readonly hashes: ReadonlyMap<string, ImageHashes> | null,
    undecoded: number,
  ) {
    for (const [position, image] of images.entries()) {
      this.byId.set(image.imageId, image);
      const positions = this.positions.get(image.sha256);
      if (positions) positions.push(position);
      else this.positions.set(image.sha256, [position]);
    }
    this.pending = undecoded + (hashes ? images.filter(({ sha256 }) => !hashes.has(sha256)).length : 0);
  }

  find(imageId: string): ColumnImage | undefined {
    return this.byId.get(imageId);
  }

  /** Whether the other one has the same images in the same order, and as much is known of them. */
  equals(other: ImageColumn): boolean {
    return (
      this.pending === other.pending &&
      this.images.length === other.images.length &&
      sizesOf(this.hashes).join() === sizesOf(other.hashes).join() &&
      this.images.every(({ imageId, sha256, rowCount }, position) => {
        const image = other.images[position];
        return image?.imageId === imageId && image.sha256 === sha256 && image.rowCount === rowCount;
      })
    );
  }
}

/** How many contents have hashes, and how many have digests of pixels. A content gets its digest once; counts change with it. */
function sizesOf(hashes: ReadonlyMap<string, ImageHashes> | null): number[] {
  if (!hashes) return [];
  return [hashes.size, [...hashes.values()].filter(({ pixelDigest }) => pixelDigest !== undefined).length];
}
