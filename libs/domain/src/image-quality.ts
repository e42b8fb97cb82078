import type { FindingKind } from './dataset.js';

/**
 * Measures of an image's pixels, by which poor images are found. They do not depend on the size of the image: a copy is measured
 * that is as large as a thumbnail. See `measureQuality` of `@pentaprism/imaging`.
 */
export interface ImageQuality {
  /**
   * How abrupt the strongest edges are, whatever their contrast: 0 without any edge, as in a flat color or a gradient, about 2
   * for the edges of a drawing, 1.5 to 2.5 for photos, and less than 1 if an edge spreads over four pixels of the copy or more.
   */
  readonly sharpness: number;
  /** From 0, black, to 1, white: one pixel of twenty is darker. */
  readonly shadows: number;
  /** From 0, black, to 1, white: one pixel of twenty is brighter. */
  readonly highlights: number;
  /** Standard deviation of the colors, from 0, one flat color, to 0.5. */
  readonly contrast: number;
  /** Bits of information of a pixel's luma on its own, from 0 to 8. */
  readonly entropy: number;
}

/** What can be poor about an image, worst first. */
export type QualityFindingKind = Extract<
  FindingKind,
  'low-information' | 'too-dark' | 'too-bright' | 'blurred' | 'tiny' | 'odd-proportions'
>;

export interface QualityFinding {
  readonly kind: QualityFindingKind;
  /** Part of a sentence, in plain words and with numbers: `the image is tiny (12 x 9 pixels; …)`. */
  readonly message: string;
}

/**
 * Below it, an image is blurred. Photos of objects have at least 1.2, and at most 0.8 after a Gaussian blur of 2 pixels of the
 * copy, or 0.95 with a camera's noise on top. What is sharp in one part only is not blurred. Of photos that were blurred in one
 * direction only, a third falls below it.
 */
export const MIN_SHARPNESS = 1;
/** Highlights of an image that is too dark, at most. Photos of objects have at least 0.7. */
export const MAX_DARK_HIGHLIGHTS = 0.25;
/** Shadows of an image that is too bright, at least. Photos of objects have at most 0.65. */
export const MIN_BRIGHT_SHADOWS = 0.85;
/**
 * With more contrast, a dark image shows something, as lamps in the night: they had at least 0.07. Photos with five stops too little
 * light have at most 0.065.
 */
export const MAX_DARK_CONTRAST = 0.065;
/**
 * With more contrast, a bright image shows something, as a thing on white paper or a drawing: they had at least 0.06, and one
 * hundredth of black pixels on white has 0.1. Washed-out photos have at most 0.03.
 */
export const MAX_BRIGHT_CONTRAST = 0.055;
/** With less contrast, an image is one flat color: three of 255 steps. Photos that are hardly visible any more have 0.01. */
export const MIN_CONTRAST = 0.012;
/** With less entropy, an image is one flat color except for a few pixels. */
export const MIN_ENTROPY = 0.1;
/** Pixels of the shorter side that are recommended at least. */
export const MIN_RECOMMENDED_SIDE = 32;
/** How much longer than the other one a side may be: models see the image as a square. */
export const MAX_PROPORTIONS = 4;

/**
 * Returns what is poor about an image, worst first.
 *
 * @param image `quality` is absent for an image that was analysed by an earlier version: only its size is judged then
 */
export function qualityFindings(image: {
  readonly width: number;
  readonly height: number;
  readonly quality?: ImageQuality | undefined;
}): QualityFinding[] {
  const { width, height, quality } = image;
  const isTiny = Math.min(width, height) < MIN_RECOMMENDED_SIDE;
  const findings = quality ? pixelFindings(quality, isTiny) : [];
  if (isTiny)
    findings.push({
      kind: 'tiny',
      message: `the image is tiny (${width} x ${height} pixels; at least ${MIN_RECOMMENDED_SIDE} are recommended)`,
    });
  const proportions = Math.max(width, height) / Math.min(width, height);
  if (proportions > MAX_PROPORTIONS)
    findings.push({
      kind: 'odd-proportions',
      message:
        `the image has odd proportions (${width} x ${height} pixels; ` +
        `one side is ${proportions.toFixed(1)} times the other, at most ${MAX_PROPORTIONS} are recommended)`,
    });
  return findings;
}

/** @param isTiny too few pixels to judge their sharpness */
function pixelFindings(quality: ImageQuality, isTiny: boolean): QualityFinding[] {
  const { sharpness, shadows, highlights, contrast, entropy } = quality;
  const findings: QualityFinding[] = [];
  const hasOneColor = contrast < MIN_CONTRAST;
  const hasNoEdges = sharpness === 0 && !isTiny;
  const isFlat = hasOneColor || entropy < MIN_ENTROPY || hasNoEdges;
  if (isFlat) findings.push({ kind: 'low-information', message: lowInformation(quality) });
  if (highlights < MAX_DARK_HIGHLIGHTS && contrast < MAX_DARK_CONTRAST)
    findings.push({
      kind: 'too-dark',
      message: `the image is too dark (95 % of its pixels have less than ${percent(highlights)} of full brightness)`,
    });
  if (shadows > MIN_BRIGHT_SHADOWS && contrast < MAX_BRIGHT_CONTRAST)
    findings.push({
      kind: 'too-bright',
      message: `the image is too bright (95 % of its pixels have more than ${percent(shadows)} of full brightness)`,
    });
  if (sharpness < MIN_SHARPNESS && !isFlat && !isTiny)
    findings.push({
      kind: 'blurred',
      message: `the image is blurred (sharpness ${sharpness.toFixed(2)}; at least ${MIN_SHARPNESS} is recommended)`,
    });
  return findings;
}

function lowInformation({ contrast, entropy }: ImageQuality): string {
  if (contrast < MIN_CONTRAST)
    return `the image is one flat color (it varies by ${percent(contrast)}; at least ${percent(MIN_CONTRAST)} are recommended)`;
  if (entropy < MIN_ENTROPY)
    return (
      `the image is one flat color except for a few pixels (${entropy.toFixed(2)} bits of information in each; ` +
      `at least ${MIN_ENTROPY} are recommended)`
    );
  return 'the image has no edges: its colors change gradually from side to side';
}

const percent = (part: number): string => `${Number((part * 100).toFixed(1))} %`;
