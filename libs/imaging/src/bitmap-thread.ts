/** The program of a thread that decodes BMP files, one after another, until the decoder gives one up. */
import { parentPort } from 'node:worker_threads';
import photon from '@silvia-odwyer/photon-node';

/** What the thread answers. Any other end of it is not the file's fault. */
export type BitmapAnswer = BitmapPixels | { readonly refused: string };

export interface BitmapPixels {
  /** R, G, B, alpha; row by row from the top. */
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

parentPort?.on('message', (bytes: Uint8Array) => {
  let image: photon.PhotonImage;
  try {
    image = photon.PhotonImage.new_from_byteslice(bytes);
  } catch (error) {
    // A trap of WebAssembly, which says no more than that.
    const answer: BitmapAnswer = { refused: String(error) };
    parentPort?.postMessage(answer);
    return;
  }
  const pixels = image.get_raw_pixels();
  const answer: BitmapAnswer = { pixels, width: image.get_width(), height: image.get_height() };
  image.free();
  parentPort?.postMessage(answer, [pixels.buffer as ArrayBuffer]);
});
