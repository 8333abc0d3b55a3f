// The background of a picture, as mnistspec/data/photo/background.py estimates it. A picture is {values: Float64Array, width, height}.

import { dot, findLargest, findLeast, percentile, roundHalfEven, solve } from "./numbers.js";

const FRAME = 0.04; // part of the picture's sides where background is expected
const FRAME_SAMPLES = 4000;
// Sizes of normal noise lie below these parts of its standard deviation in 25 and in 40 of 100 cases.
const QUARTILE = 0.31863936396437514;
const FORTIETH = 0.5244005127080407;

/** Return by how many levels each pixel is ink, at least 0, and the standard deviation of the background's noise. */
export function measureStrength(levels) {
  const background = estimateBackground(levels);
  const { values } = levels;
  const difference = values.map((value, i) => value - background(i));
  let noise =
    percentile(
      findFrame(levels).map((i) => Math.abs(difference[i])),
      25,
    ) / QUARTILE;
  if (blurRadius(levels) > 0) {
    const steps = values.subarray(1).map((value, i) => Math.abs(value - values[i]));
    noise = Math.max(noise, percentile(steps, 40) / FORTIETH / Math.SQRT2);
  }
  // Ink is the smaller part, so its differences are the larger ones: the third moment has their sign.
  const sign = dot(difference, products(difference, difference)) > 0 ? 1 : -1;
  return { strength: difference.map((value) => Math.max(sign * value, 0)), noise };
}

/** Return a radius below a pen's stroke; 0 for a small picture, whose neighbouring pixels differ by nature. */
function blurRadius({ width, height }) {
  const side = Math.max(width, height);
  return side >= 100 ? side / 200 : 0;
}

/** Fit the frame of the picture: a constant, or a parabola where the light is uneven. Returns a function of the pixel. */
function estimateBackground(levels) {
  const { values, width, height } = levels;
  const frame = findFrame(levels);
  const step = Math.ceil(frame.length / FRAME_SAMPLES);
  const chosen = frame.filter((_, i) => i % step === 0);
  const wanted = chosen.map((i) => values[i]);
  const constant = findMode(wanted);
  const missOfConstant = wanted.reduce((sum, value) => sum + Math.abs(value - constant), 0) / wanted.length;
  if (missOfConstant === 0) return () => constant; // as on an empty edge of the pad: no fit can be better
  const place = (i, side) => (side > 1 ? -1 + (2 * i) / (side - 1) : -1);
  const x = chosen.map((i) => place(i % width, width));
  const y = chosen.map((i) => place(Math.floor(i / width), height));
  const terms = [x.map(() => 1), x, y, products(x, x), products(x, y), products(y, y)];
  const { solution, miss } = fitAbsolute(terms, wanted);
  // A digit cropped tightly can look a little like uneven light: only a much better fit counts.
  if (miss >= 0.5 * missOfConstant) return () => constant;
  const [a, b, c, d, e, f] = solution;
  return (i) => {
    const [u, v] = [place(i % width, width), place(Math.floor(i / width), height)];
    return a + b * u + c * v + d * u * u + e * u * v + f * v * v;
  };
}

function products(first, second) {
  return first.map((value, i) => value * second[i]);
}

/** Minimise the sum of absolute differences (iteratively reweighted least squares); `miss` is their mean. */
function fitAbsolute(terms, wanted) {
  const weights = new Float64Array(wanted.length).fill(1);
  let solution = [];
  let miss = 0;
  for (let round = 0; round < 15; round++) {
    const weighted = terms.map((term) => term.map((value, i) => value * weights[i]));
    const matrix = weighted.map((first) => terms.map((second) => dot(first, second)));
    solution = solve(
      matrix,
      weighted.map((term) => dot(term, wanted)),
    );
    miss = 0;
    for (let i = 0; i < wanted.length; i++) {
      let difference = -wanted[i];
      for (let n = 0; n < terms.length; n++) difference += solution[n] * terms[n][i];
      miss += Math.abs(difference) / wanted.length;
      weights[i] = 1 / Math.max(Math.abs(difference), 0.5);
    }
  }
  return { solution, miss };
}

/** Return the middle of the narrowest interval that holds a third of the values: where most of them crowd. */
function findMode(values) {
  const ordered = values.slice().sort();
  const count = Math.ceil(ordered.length / 3);
  let first = 0;
  for (let i = 1; i + count <= ordered.length; i++) {
    if (ordered[i + count - 1] - ordered[i] < ordered[first + count - 1] - ordered[first]) first = i;
  }
  return ordered[first + Math.floor(count / 2)];
}

/** Return the indices of the pixels along the picture's edges. */
export function findFrame({ width, height }) {
  const [rows, columns] = [height, width].map((side) => Math.max(1, roundHalfEven(FRAME * side)));
  const indices = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (y < rows || y >= height - rows || x < columns || x >= width - columns) indices.push(y * width + x);
    }
  }
  return Float64Array.from(indices);
}

/** Return the threshold that splits strengths into the two classes that differ most (N. Otsu, 1979). */
export function findOtsuThreshold(strengths) {
  const bins = 256;
  let low = findLeast(strengths);
  let high = findLargest(strengths);
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const edges = Float64Array.from({ length: bins + 1 }, (_, i) =>
    i === bins ? high : low + i * ((high - low) / bins),
  );
  const counts = new Float64Array(bins);
  for (const value of strengths) {
    let bin = Math.min(Math.floor(((value - low) / (high - low)) * bins), bins - 1);
    if (value < edges[bin]) bin--;
    else if (bin < bins - 1 && value >= edges[bin + 1]) bin++;
    counts[bin]++;
  }
  const centre = (i) => (edges[i] + edges[i + 1]) / 2;
  const total = counts.reduce((sum, count, i) => sum + count * centre(i), 0);
  let [below, sum, best, widest] = [0, 0, 0, -1];
  for (let i = 0; i < bins - 1; i++) {
    below += counts[i];
    sum += counts[i] * centre(i);
    const above = strengths.length - below;
    const between = below && above ? below * above * (sum / below - (total - sum) / above) ** 2 : 0;
    if (between > widest) [best, widest] = [i, between];
  }
  return edges[1 + best];
}

/** Blur a noisy picture in 256 levels as Pillow does: three box blurs along the rows, three along the columns. */
export function blur(levels) {
  const { values, width, height } = levels;
  const lowest = findLeast(values);
  const bytes = Uint8Array.from(values, (value) => Math.min(roundHalfEven(value - lowest), 255));
  // P. Gwosdek and others, Theoretical foundations of Gaussian convolution by extended box filtering, 2011.
  const variance = Math.fround(blurRadius(levels) ** 2 / 3);
  const whole = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const rest = ((2 * whole + 1) * (whole * (whole + 1) - 3 * variance)) / (6 * (variance - (whole + 1) ** 2));
  const radius = Math.fround(whole + rest); // of 32 bits in Pillow
  const [rows, columns] = [
    { count: height, stride: width },
    { count: width, stride: 1 },
  ];
  for (let pass = 0; pass < 3; pass++) blurLines(bytes, radius, rows, columns);
  for (let pass = 0; pass < 3; pass++) blurLines(bytes, radius, columns, rows);
  return { values: Float64Array.from(bytes), width, height };
}

/** Average each pixel with its neighbours along lines, in place; those a whole radius away count for its fraction. */
function blurLines(bytes, radius, lines, pixels) {
  const whole = Math.floor(radius);
  const inner = Math.floor(Math.fround(2 ** 24 / Math.fround(radius * 2 + 1)));
  const outer = Math.floor((2 ** 24 - (whole * 2 + 1) * inner) / 2);
  const line = new Uint8Array(pixels.count);
  const at = (i) => line[Math.min(Math.max(i, 0), pixels.count - 1)];
  for (let n = 0; n < lines.count; n++) {
    const start = n * lines.stride;
    for (let i = 0; i < pixels.count; i++) line[i] = bytes[start + i * pixels.stride];
    for (let i = 0; i < pixels.count; i++) {
      let sum = 0;
      for (let j = i - whole; j <= i + whole; j++) sum += at(j);
      const weighted = sum * inner + (at(i - whole - 1) + at(i + whole + 1)) * outer;
      bytes[start + i * pixels.stride] = Math.floor((weighted + 2 ** 23) / 2 ** 24);
    }
  }
}
