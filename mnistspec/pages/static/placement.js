// Place ink on MNIST's canvas, as mnistspec/data/photo/canvas.py does.

import { crop, findExtent } from "./masks.js";
import { findLargest, percentile, roundHalfEven, sumFloat32 } from "./numbers.js";

const SIDE = 28;
const BOX = 20;
const EDGE = 0.2; // ink weaker than this does not count for the extent of a digit

/** Scale ink in [0, 1] into a 20x20 box, its centre of mass at the centre of a canvas of 28x28 bytes. */
export function placeInk(ink) {
  const cut = crop(
    ink,
    findExtent((i) => ink.values[i] > EDGE, ink.width, ink.height),
  );
  const scale = BOX / Math.max(cut.width, cut.height);
  const [width, height] = [cut.width, cut.height].map((side) => Math.max(1, roundHalfEven(side * scale)));
  const digit = resize({ ...cut, values: Float32Array.from(cut.values) }, width, height);
  // A thin pen grows faint when it is scaled down; in MNIST the middle of a stroke is full ink.
  const half = findLargest(digit) / 2;
  const full = Math.fround(
    percentile(
      digit.filter((value) => value > half),
      75,
    ),
  );
  digit.forEach((value, i) => (digit[i] = Math.min(Math.max(value / full, 0), 1)));
  const top = findOffset(
    Float32Array.from({ length: height }, (_, y) => sumFloat32(digit.subarray(y * width, (y + 1) * width))),
  );
  const profile = new Float32Array(width);
  digit.forEach((value, i) => (profile[i % width] += value));
  const left = findOffset(profile);
  const canvas = new Uint8Array(SIDE * SIDE);
  digit.forEach((value, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    canvas[(top + y) * SIDE + left + x] = roundHalfEven(Math.fround(255 * value));
  });
  return canvas;
}

/** Return where a profile of masses has to begin so that its centre of mass comes to lie at the canvas's centre. */
function findOffset(profile) {
  const centre = profile.reduce((sum, value, i) => sum + i * value, 0) / sumFloat32(profile);
  return Math.min(Math.max(roundHalfEven(SIDE / 2 - centre), 0), SIDE - profile.length);
}

/** Resize a picture of 32-bit numbers as Pillow does: bicubic, over all pixels that a new one covers. */
function resize({ values, width, height }, newWidth, newHeight) {
  const across = new Float32Array(newWidth * height);
  findWeights(width, newWidth).forEach(({ first, weights }, x) => {
    for (let y = 0; y < height; y++) {
      across[y * newWidth + x] = weights.reduce((sum, weight, i) => sum + weight * values[y * width + first + i], 0);
    }
  });
  const down = new Float32Array(newWidth * newHeight);
  findWeights(height, newHeight).forEach(({ first, weights }, y) => {
    for (let x = 0; x < newWidth; x++) {
      down[y * newWidth + x] = weights.reduce((sum, weight, i) => sum + weight * across[(first + i) * newWidth + x], 0);
    }
  });
  return down;
}

/** Return for each new pixel of a line the first old one that counts for it, and the weights from there on. */
function findWeights(size, newSize) {
  const scale = size / newSize;
  const reach = Math.max(scale, 1);
  return Array.from({ length: newSize }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - 2 * reach + 0.5), 0);
    const end = Math.min(Math.trunc(centre + 2 * reach + 0.5), size);
    const weights = Array.from({ length: end - first }, (__, j) => weighBicubic((first + j - centre + 0.5) / reach));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { first, weights: weights.map((weight) => weight / total) };
  });
}

/** R. Keys, Cubic convolution interpolation for digital image processing, 1981, with a = -0.5. */
function weighBicubic(distance) {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}
