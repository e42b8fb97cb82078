import {
  bytesOf,
  DATA_CLASS_BLOB_SEQUENCE,
  DATA_CLASS_UNKNOWN,
  DT_STRING,
  imagePluginVersion,
  toBigInt,
  type StringTensor,
  type SummaryMetadata,
  type SummaryValue,
} from './event-protobuf.js';
import { declaredSize, sizeInHeader, type ImageSize } from './image-size.js';

/** The name of the image plugin in metadata. */
const IMAGE_PLUGIN = 'images';

/** What a tag shows beside its images. `description` is Markdown, both may be empty. */
export interface SeriesMetadata {
  displayName: string;
  description: string;
}

/** The images of one value, with the size that its writer declared, in pixels. */
export interface ImageValue extends ImageSize {
  /** One for each sample. Views of the bytes of the event. */
  images: Uint8Array[];
}

/** The tag of a value. Very old tensors have it in another field. */
export function tagOf({ tag, nodeName, tensor }: SummaryValue): string {
  return tag === '' && tensor ? nodeName : tag;
}

/**
 * Returns what the metadata of a value says about its tag, `'other'` if it belongs to another plugin or to a newer version
 * of this one, or undefined if the value has no metadata.
 *
 * The older format needs no metadata: an image is one whichever plugin its metadata names.
 */
export function metadataOf(value: SummaryValue): SeriesMetadata | 'other' | undefined {
  const { metadata, image } = value;
  if (image) {
    return { displayName: metadata?.displayName || value.tag, description: metadata?.summaryDescription ?? '' };
  }
  if (!metadata) return undefined;
  if (!belongsToImages(metadata)) return 'other';
  return { displayName: metadata.displayName, description: metadata.summaryDescription };
}

function belongsToImages({ pluginData, dataClass }: SummaryMetadata): boolean {
  if (pluginData?.pluginName !== IMAGE_PLUGIN) return false;
  if (dataClass !== DATA_CLASS_UNKNOWN && dataClass !== DATA_CLASS_BLOB_SEQUENCE) return false;
  return imagePluginVersion(pluginData.content) === 0;
}

/** Returns the images of a value, or the reason why it is left out, or undefined if it holds anything but images. */
export function imagesOf({ image, tensor }: SummaryValue): ImageValue | string | undefined {
  if (image) {
    const { width, height } = image;
    const bytes = bytesOf(image.encodedImageString);
    const size = width >= 0 && height >= 0 ? { width, height } : sizeInHeader(bytes);
    return { ...size, images: [bytes] };
  }
  return tensor ? imagesOfTensor(tensor) : undefined;
}

/** A string tensor of rank 1: width, height, and the encoded images. */
function imagesOfTensor({ dtype, tensorShape, stringVal }: StringTensor): ImageValue | string {
  if (dtype !== DT_STRING) return `its tensor is of type ${String(dtype)} and not of strings`;
  const sizes = tensorShape?.unknownRank === true ? [] : (tensorShape?.dim ?? []).map(({ size }) => toBigInt(size));
  if (sizes.length !== 1) return `its tensor has ${String(sizes.length)} dimensions instead of one`;
  if (sizes[0] !== BigInt(stringVal.length)) {
    return `its shape has ${String(sizes[0])} strings, but it contains ${String(stringVal.length)}`;
  }
  const [width, height, ...images] = stringVal;
  if (width === undefined || height === undefined) return 'it has no width and height before its images';
  return { ...declaredSize(width, height, images[0]), images };
}
